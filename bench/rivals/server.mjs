// POST /jobs as anybody would write it on Node, around a queue of somebody else's: the key and the
// body are judged as ours does, and 201 is said when the queue has the job.
import cluster from "node:cluster";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import Ajv from "ajv/dist/2020.js";

const LARGEST_METADATA = 16 << 10;

// Our own document says what a body may be; one compiled check for each kind of job.
const api = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url)));
const ajv = new Ajv({ strict: false });
ajv.addSchema(api, "api");
const checks = new Map(
    Object.entries(api.components.schemas.SingleJobRequest.discriminator.mapping).map(
        ([kind, place]) => [kind, ajv.compile({ $ref: `api${place}` })],
    ),
);

function problem(body) {
    const check = checks.get(body?.kind);
    if (!check) return "kind must be one of " + [...checks.keys()].join(", ");
    if (!check(body)) return ajv.errorsText(check.errors);
    if (!/^(https?|s3):\/\//i.test(body.input) || !URL.canParse(body.input)) {
        return "input must use http://, https://, or s3:// scheme";
    }
    if (body.webhook_url && !/^https?:\/\//i.test(body.webhook_url)) {
        return "webhook_url must be an http:// or https:// URL";
    }
    if (body.metadata && JSON.stringify(body.metadata).length > LARGEST_METADATA) {
        return "metadata is larger than 16 KiB";
    }
    return null;
}

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

function answer(response, status, value) {
    const text = JSON.stringify(value);
    response.writeHead(status, {
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(text),
    });
    response.end(text);
}

async function create(text, response, add) {
    const body = parse(text);
    const wrong = problem(body);
    if (wrong) return answer(response, 400, { kind: "invalid_request", message: wrong });
    const now = Date.now();
    const job = { id: randomUUID(), status: "queued", ...body, created_at: now };
    try {
        await add(job);
    } catch (error) {
        return answer(response, 500, { kind: "internal_error", message: String(error) });
    }
    answer(response, 201, job);
}

function handle(request, response, add) {
    if (request.url === "/health") return answer(response, 200, {});
    if (request.headers.authorization !== `Bearer ${process.env.KEY}`) {
        return answer(response, 401, { kind: "unauthorized" });
    }
    if (request.method !== "POST" || request.url !== "/jobs") {
        return answer(response, 404, { kind: "not_found" });
    }
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (part) => (text += part));
    request.on("end", () => create(text, response, add));
}

/// Starts $PROCESSES servers on one port. `prepare` is called once before, `connect` in each
/// process, and gives what adds a job.
export async function serve(prepare, connect) {
    if (cluster.isPrimary) {
        await prepare();
        for (let i = 0; i < Number(process.env.PROCESSES); i++) cluster.fork();
        // Without one of them the numbers would be another's.
        cluster.on("exit", () => process.exit(1));
        return;
    }
    const add = await connect();
    const server = http.createServer((request, response) => handle(request, response, add));
    server.keepAliveTimeout = 0;
    server.listen(Number(process.env.PORT), "127.0.0.1");
}

/// Adds jobs together: what comes while `lanes` calls of `insert` are under way waits for the next
/// one. Each job is done when the call that holds it is.
export function grouped(insert, lanes) {
    let waiting = [];
    let busy = 0;
    async function run() {
        busy++;
        while (waiting.length > 0) {
            const group = waiting;
            waiting = [];
            try {
                await insert(group.map((each) => each.job));
                for (const each of group) each.resolve();
            } catch (error) {
                for (const each of group) each.reject(error);
            }
        }
        busy--;
    }
    return (job) =>
        new Promise((resolve, reject) => {
            waiting.push({ job, resolve, reject });
            if (busy < lanes) setImmediate(() => busy < lanes && run());
        });
}
