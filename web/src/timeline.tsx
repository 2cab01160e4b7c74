// The tasks of a job, each where it lay in time.
import type { Job, Task } from "./api";
import { duration } from "./format";
import { isFinal, progressOf } from "./jobs";
import { now, stateName } from "./ui";
import { stepName } from "./words";

interface Span {
    from: number;
    to: number;
}

/// The job's whole time, from when it was asked for until it ended, or now.
const spanOf = (job: Job): Span => ({
    from: job.created_at,
    to: Math.max(job.finished_at ?? now.value, job.created_at + 1),
});

const share = (at: number, { from, to }: Span) =>
    Math.min(100, Math.max(0, (100 * (at - from)) / (to - from)));

/// "43 %, 2.1× as fast as it plays, 8 s left"
function Doing({ task, jobId }: { task: Task; jobId: string }) {
    const told = progressOf(jobId).value[task.id];
    const percent = told?.percent ?? task.progress;
    return (
        <>
            {percent !== null && <b>{Math.floor(percent)} %</b>}
            {told?.speed != null && <span>{told.speed.toFixed(1)}×</span>}
            {told?.eta_s != null && <span>{duration(told.eta_s * 1000)} left</span>}
            {percent === null && (
                <span>{duration(now.value - (task.started_at ?? now.value))}</span>
            )}
        </>
    );
}

function Told({ task, jobId }: { task: Task; jobId: string }) {
    if (task.status === "processing") return <Doing task={task} jobId={jobId} />;
    if (task.started_at && task.finished_at) {
        return (
            <>
                {task.status !== "succeeded" && <span>{stateName(task.status)}</span>}
                <span>{duration(task.finished_at - task.started_at)}</span>
            </>
        );
    }
    return <span>{stateName(task.status)}</span>;
}

/// Two encodes of one job are told apart by their outputs' names.
function nameOf(task: Task, job: Job) {
    const output = job.outputs?.find((one) => one.tasks.includes(task.id));
    return output?.name ? `${stepName(task.kind)}: ${output.name}` : stepName(task.kind);
}

function Step({ task, job, span }: { task: Task; job: Job; span: Span }) {
    const begin = task.started_at;
    const end = task.finished_at ?? (isFinal(job.status) ? span.to : now.value);
    const left = begin === null ? 0 : share(begin, span);
    const width = begin === null ? 0 : Math.max(0.8, share(end, span) - left);
    return (
        <li class={`step ${task.status}`}>
            <span class="name">{nameOf(task, job)}</span>
            <span class="track" aria-hidden="true">
                {begin !== null && (
                    <i style={{ left: `${Math.min(left, 99.2)}%`, width: `${width}%` }} />
                )}
            </span>
            <span class="told number">
                <Told task={task} jobId={job.id} />
            </span>
        </li>
    );
}

export function Timeline({ job }: { job: Job }) {
    const span = spanOf(job);
    const waited = (job.started_at ?? now.value) - job.created_at;
    return (
        <section class="card timeline">
            <h2>Tasks</h2>
            <ol>
                {job.tasks.map((task) => (
                    <Step key={task.id} task={task} job={job} span={span} />
                ))}
            </ol>
            <p class="scale number" aria-hidden="true">
                <span>0</span>
                <span>{duration((span.to - span.from) / 2)}</span>
                <span>{duration(span.to - span.from)}</span>
            </p>
            {waited >= 1000 && <p class="hint">Waited {duration(waited)} for a free slot.</p>}
        </section>
    );
}
