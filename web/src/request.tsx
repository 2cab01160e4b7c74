// What was asked for.
import type { Job } from "./api";
import { Code } from "./code";
import { isWork } from "./jobs";

const text = (value: unknown) =>
    typeof value === "object" ? JSON.stringify(value) : String(value);

function Pairs({ title, pairs }: { title: string; pairs: Record<string, unknown> }) {
    const rows = Object.entries(pairs);
    if (rows.length === 0) return null;
    return (
        <>
            <h3>{title}</h3>
            <dl class="facts">
                {rows.map(([name, value]) => (
                    <div key={name}>
                        <dt>{name}</dt>
                        <dd>{text(value)}</dd>
                    </div>
                ))}
            </dl>
        </>
    );
}

export function Request({ job }: { job: Job }) {
    const isSingle = job.tasks.filter(isWork).length === 1;
    return (
        <section class="card">
            <h2>Request</h2>
            <Pairs title="Options" pairs={job.options} />
            <Pairs title="Metadata" pairs={job.metadata} />
            {isSingle && (
                <Code
                    wanted={{
                        input: job.input,
                        kind: job.kind,
                        options: job.options,
                        metadata: job.metadata,
                    }}
                />
            )}
        </section>
    );
}
