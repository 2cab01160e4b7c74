#!/usr/bin/env node
// verify.mjs: holds a webhook {secret, headers, body} from stdin to the reference library.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
try {
    console.log(JSON.stringify(new Webhook(secret).verify(body, headers)));
} catch (error) {
    console.log(JSON.stringify({ refused: error.message }));
}
