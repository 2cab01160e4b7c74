// What was asked for.
import type { Job } from "./api";
import { Code } from "./code";
import type { Wanted } from "./commands";

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

/// What was asked for, as far as the job tells it.
function wantedOf(job: Job): Wanted {
    const { input, metadata, kind, options } = job;
    if (!job.outputs) return { input, kind, options, metadata };
    const outputs = job.outputs.map(({ kind, options, name }) => ({
        kind,
        options,
        ...(name && { name }),
    }));
    return { input, outputs, metadata };
}

export const Request = ({ job }: { job: Job }) => (
    <section class="card">
        <h2>Request</h2>
        <Pairs title="Options" pairs={job.options} />
        <Pairs title="Metadata" pairs={job.metadata} />
        <Code wanted={wantedOf(job)} />
    </section>
);
