#!/usr/bin/env node
// pack.mjs FOLDER SOURCE: a C++ source with all files of a folder, plain and compressed.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
};

const [folder, source] = process.argv.slice(2);

function filesIn(path) {
    return readdirSync(join(folder, path), { withFileTypes: true })
        .map((entry) => [join(path, entry.name), entry])
        .flatMap(([name, entry]) => (entry.isDirectory() ? filesIn(name) : [name]))
        .sort();
}

// A string literal: three octal digits for what is not plain, so that no digit behind is taken in.
function literal(bytes) {
    let text = "";
    for (const byte of bytes) {
        const isPlain = byte >= 0x20 && byte < 0x7f && !'"\\?'.includes(String.fromCharCode(byte));
        text += isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
    }
    return `{"${text}", ${bytes.length}}`;
}

function row(name) {
    const bytes = readFileSync(join(folder, name));
    const type = TYPES[extname(name)];
    if (!type) throw new Error(`${name} has no media type here`);
    const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
    const brotli = brotliCompressSync(bytes, {
        params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    const forms = [bytes, gzipSync(bytes, { level: 9 }), brotli].map(literal);
    return `    {"${name}", "${type}", "${digest}",\n     ${forms.join(",\n     ")}},\n`;
}

writeFileSync(
    source,
    `#include "api/dashboard.h"

namespace {

constexpr ittybit::api::DashboardFile kFiles[] = {
${filesIn("").map(row).join("")}};

}  // namespace

std::span<const ittybit::api::DashboardFile> ittybit::api::dashboard_files() { return kFiles; }
`,
);
