// Of a job that makes several outputs: how each of them stands.
import type { Job } from "./api";
import { kindName } from "./format";
import { State } from "./ui";
import { adviceFor } from "./words";

export function Outputs({ job }: { job: Job }) {
    if (!job.outputs) return null;
    return (
        <section class="card">
            <h2>Outputs</h2>
            <ul class="entries">
                {job.outputs.map((output, at) => (
                    <li key={at}>
                        <div>
                            <b>{output.name ?? kindName(output.kind)}</b>
                            {output.name && <span class="muted">{kindName(output.kind)}</span>}
                        </div>
                        <State status={output.status} />
                        {output.error && (
                            <p class="note bad">
                                {output.error.message} {adviceFor(output.error)}
                            </p>
                        )}
                    </li>
                ))}
            </ul>
        </section>
    );
}
