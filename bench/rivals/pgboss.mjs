// Jobs go to pg-boss; PostgreSQL's socket is in the folder $SOCKET. With $LANES they go together,
// by insert; else each by a send of its own, over a pool of connections.
import PgBoss from "pg-boss";
import { grouped, serve } from "./server.mjs";

const POOL = 16;
const lanes = Number(process.env.LANES);
const settings = {
    host: process.env.SOCKET,
    user: "postgres",
    database: "postgres",
    supervise: false,
    schedule: false,
};

async function prepare() {
    const boss = new PgBoss(settings);
    await boss.start();
    await boss.createQueue("jobs");
    await boss.stop();
}

async function connect() {
    const boss = new PgBoss({ ...settings, max: lanes || POOL, migrate: false });
    boss.on("error", console.error);
    await boss.start();
    if (!lanes) return (job) => boss.send("jobs", job, { id: job.id });
    const rows = (jobs) => jobs.map((job) => ({ id: job.id, name: "jobs", data: job }));
    return grouped((jobs) => boss.insert(rows(jobs)), lanes);
}

await serve(prepare, connect);
