// Jobs go to BullMQ; Redis is at $SOCKET. With $LANES they go together, by addBulk; else each by an
// add of its own, which ioredis pipelines.
import { Queue } from "bullmq";
import Redis from "ioredis";
import { grouped, serve } from "./server.mjs";

const lanes = Number(process.env.LANES);

async function connect() {
    const connection = new Redis({
        path: process.env.SOCKET,
        enableAutoPipelining: true,
        maxRetriesPerRequest: null,
    });
    const queue = new Queue("jobs", { connection });
    await queue.waitUntilReady();
    if (!lanes) return (job) => queue.add(job.kind, job, { jobId: job.id });
    const bulk = (jobs) =>
        jobs.map((job) => ({ name: job.kind, data: job, opts: { jobId: job.id } }));
    return grouped((jobs) => queue.addBulk(bulk(jobs)), lanes);
}

await serve(async () => {}, connect);
