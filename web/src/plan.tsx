// How a job is made, in words: asked of the service when somebody wants to know, since that looks
// at the input.
import { useState } from "preact/hooks";
import { contentOf, send, type Failure, type Job } from "./api";
import { kindName } from "./format";
import { waysOf, windowInWords, type Plan, type Way } from "./plan_words";
import { Problem } from "./ui";

interface Explained {
    kind: string;
    name?: string;
    plan: Plan | null;
    error: Failure | null;
}

const PATIENCE_MS = 70_000; // the service looks for a minute at most

async function explain(id: string) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await send("GET", `jobs/${id}?explain=true`, { signal });
    return (await contentOf<{ outputs: Explained[] }>(answer)).outputs;
}

const WayOfOne = ({ what, how, steps, encoders }: Way) => (
    <li>
        <p>
            <b>{what}</b> {how}.
        </p>
        {steps.length > 0 && (
            <ol class="steps" aria-label="Steps">
                {steps.map((step, at) => (
                    <li key={at}>{step}</li>
                ))}
            </ol>
        )}
        {encoders.map((encoder, at) => (
            <p class="encoder" key={at}>
                {encoder}
            </p>
        ))}
    </li>
);

function PlanInWords({ plan }: { plan: Plan }) {
    const window = windowInWords(plan);
    return (
        <>
            <ul class="ways">
                {waysOf(plan).map((way) => (
                    <WayOfOne key={way.what} {...way} />
                ))}
            </ul>
            <p class="hint">
                Of the input{window && ` ${window}`}, into{" "}
                <code>{plan.outputs.map(({ name }) => name).join(", ")}</code>.
            </p>
            {plan.warnings.map((text) => (
                <p class="hint" key={text}>
                    {text}
                </p>
            ))}
        </>
    );
}

const OneOutput = ({ output, isAlone }: { output: Explained; isAlone: boolean }) => (
    <>
        {!isAlone && <h3>{output.name ?? kindName(output.kind)}</h3>}
        {output.plan && <PlanInWords plan={output.plan} />}
        {output.error && <p class="note bad">{output.error.message}</p>}
    </>
);

export function HowItIsMade({ job }: { job: Job }) {
    const [outputs, setOutputs] = useState<Explained[] | null>(null);
    const [problem, setProblem] = useState("");
    const ask = () => {
        setProblem("");
        explain(job.id).then(setOutputs, (error: Error) => setProblem(error.message));
    };
    return (
        <details
            class="card made"
            onToggle={(event) => event.currentTarget.open && !outputs && ask()}
        >
            <summary>
                <h2>How it is made</h2>
            </summary>
            <Problem text={problem} />
            {!outputs && !problem && (
                <p class="hint" role="status">
                    Looking at the input…
                </p>
            )}
            {outputs?.map((output, at) => (
                <OneOutput key={at} output={output} isAlone={outputs.length === 1} />
            ))}
        </details>
    );
}
