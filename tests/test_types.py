"""The types that clients generate from our OpenAPI document: what their users write compiles."""
import shutil
import subprocess

import cli

TOOLS = cli.ROOT / "tests/node_modules"


def run(*words, cwd):
    done = subprocess.run([shutil.which("node"), *map(str, words)], cwd=cwd, text=True,
                          capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_generated_client_type_checks(tmp_path):
    shutil.copy(cli.ROOT / "tests/generated_client.ts", tmp_path / "client.ts")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(TOOLS)
    run(TOOLS / "openapi-typescript/bin/cli.js", cli.ROOT / "docs/openapi.json",
        "-o", "ittybit.d.ts", cwd=tmp_path)
    run(TOOLS / "typescript/bin/tsc", "--noEmit", "--strict", "--exactOptionalPropertyTypes",
        "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom",
        "client.ts", cwd=tmp_path)


def test_the_document_passes_redoclys_recommended_rules(tmp_path):
    (tmp_path / "node_modules").symlink_to(TOOLS)
    (tmp_path / "lint.mjs").write_text("""
        import core from "@redocly/openapi-core";
        const config = await core.createConfig({ extends: ["recommended"] });
        const problems = await core.lint({ ref: process.argv[2], config });
        for (const { severity, ruleId, message, location } of problems) {
            console.log(severity, ruleId, message, location[0]?.pointer);
        }
        process.exit(problems.length === 0 ? 0 : 1);
    """)
    run("lint.mjs", cli.ROOT / "docs/openapi.json", cwd=tmp_path)
