// Who takes jobs: servers and workers of this installation.
import { useEffect, useState } from "preact/hooks";
import { get, type Worker } from "./api";
import { ago } from "./format";
import { poll } from "./poll";
import { now } from "./ui";

const EVERY_MS = 10_000;
const SILENT_MS = 180_000; // each shows itself once a minute

const counted = (count: number, what: string) =>
    count === 0 ? "" : `${count} ${what}${count === 1 ? "" : "s"}`;

function Entry({ id, seen_at, jobs, pieces }: Worker) {
    const isSilent = now.value - seen_at > SILENT_MS;
    const doing = [counted(jobs, "job"), counted(pieces, "piece")].filter(Boolean).join(", ");
    return (
        <li class={isSilent ? "missing" : "stands"}>
            <b>
                <code>{id}</code>
            </b>
            <span>
                {isSilent ? "silent" : doing || "idle"}, seen {ago(seen_at, now.value)}
            </span>
        </li>
    );
}

export function Workers() {
    const [workers, setWorkers] = useState<Worker[] | null>(null);
    useEffect(() => poll(async () => setWorkers(await get<Worker[]>("workers")), EVERY_MS), []);
    return (
        <section class="card">
            <h2>Workers</h2>
            {workers?.length === 0 && <p class="hint">None: jobs wait until one is started.</p>}
            <ul class="layers workers">
                {workers?.map((one) => (
                    <Entry key={one.id} {...one} />
                ))}
            </ul>
        </section>
    );
}
