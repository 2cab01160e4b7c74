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
