#!/usr/bin/env node
// tus_upload.mjs: sends a file by tus-js-client; {endpoint, file, name, headers, …} comes as JSON
// from stdin, a line goes out for each chunk that was taken, and one with the upload's address.
import { readFileSync } from "node:fs";
import * as tus from "tus-js-client";

const given = JSON.parse(readFileSync(0, "utf8"));
const tell = (told) => process.stdout.write(JSON.stringify(told) + "\n");
let wasStopped = false;

const upload = new tus.Upload(readFileSync(given.file), {
    endpoint: given.endpoint,
    headers: given.headers,
    metadata: { filename: given.name, filetype: "video/mp4" },
    chunkSize: given.chunk ?? Infinity,
    uploadDataDuringCreation: given.atOnce,
    retryDelays: Array(100).fill(200),
    onChunkComplete(_, sent) {
        tell({ sent });
        if (given.stopAt && sent >= given.stopAt && !wasStopped) {
            wasStopped = true;
            // A new client goes on, as after a page was left.
            upload.abort().then(() => upload.start());
        }
    },
    onError(error) {
        tell({ error: error.message });
        process.exitCode = 1;
    },
    onSuccess: () => tell({ url: upload.url }),
});
upload.start();
