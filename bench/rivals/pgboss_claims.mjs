// Fifty workers that fetch jobs of pg-boss and complete them, two a second each, when many have
// been done and a tenth as many wait: ENDED and SECONDS say how many and how long, SOCKET is the
// folder of PostgreSQL's. Told is what a fetch takes.
import PgBoss from "pg-boss";
import pg from "pg";

const WORKERS = 50;
const PACE = 500;
const ended = Number(process.env.ENDED);
const seconds = Number(process.env.SECONDS);
const place = { host: process.env.SOCKET, user: "postgres", database: "postgres" };

const boss = new PgBoss({ ...place, max: WORKERS, supervise: false, schedule: false });
boss.on("error", console.error);
await boss.start();
await boss.createQueue("jobs");
const filler = new pg.Client(place);
await filler.connect();
const data = JSON.stringify({ input: "https://example.com/a.mp4", kind: "video" });
const fill = (count, state) =>
    filler.query(
        `INSERT INTO pgboss.job (name, data, state, completed_on, keep_until)
         SELECT 'jobs', $1, $2::pgboss.job_state, CASE WHEN $2 = 'completed' THEN now() END,
         now() + interval '14 days' FROM generate_series(1, $3)`,
        [data, state, count],
    );
await fill(ended, "completed");
await fill(ended / 10, "created");
await filler.query("VACUUM (ANALYZE)");
await filler.query("CHECKPOINT");
await filler.end();

const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));
const times = [];

async function work(begin) {
    const end = begin + seconds * 1000;
    for (let next = begin; next < end; next += PACE) {
        await sleep(next - performance.now());
        const started = performance.now();
        const [job] = await boss.fetch("jobs");
        // Only the first one makes connections.
        if (next > begin) times.push(performance.now() - started);
        await boss.complete("jobs", job.id);
    }
}

const begin = performance.now() + 100;
const all = Array.from({ length: WORKERS }, (_, i) => work(begin + (PACE * i) / WORKERS));
await Promise.all(all);
times.sort((a, b) => a - b);
const at = (part) => times[Math.floor((times.length - 1) * part)].toFixed(2);
console.log(`pg-boss, much done: ${times.length} claims, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
await boss.stop({ graceful: false });
