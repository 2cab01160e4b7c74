// One row of the list. It is drawn anew when its own job changes, and not when others do.
import type { Signal } from "@preact/signals";
import { memo } from "./memo";
import { ago, bytes, duration, fileName, kindName, moment, saving } from "./format";
import type { Row } from "./job_list";
import { progressOf } from "./jobs";
import { Bar, now, State } from "./ui";

interface Props {
    row: Signal<Row>;
    place: number;
    total: number;
    isSelected: boolean;
    select: (id: string, isOn: boolean) => void;
}

const Age = ({ at }: { at: number }) => (
    <time dateTime={new Date(at).toISOString()} title={moment(at)}>
        {ago(at, now.value)}
    </time>
);

const Elapsed = ({ since }: { since: number }) => <>{duration(now.value - since)}</>;

/// The mean of all its works; null until one of them can be measured.
function percentOf({ id, works }: Row) {
    const told = progressOf(id).value;
    const known = works.flatMap(({ id, progress }) =>
        progress === 100 ? 100 : (told[id]?.percent ?? progress ?? []),
    );
    return known.length ? known.reduce((sum, part) => sum + part, 0) / works.length : null;
}

function Middle({ job }: { job: Row }) {
    if (job.status === "processing") {
        const percent = percentOf(job);
        return (
            <div class="running">
                <Bar percent={percent} label={`Progress of ${fileName(job.input)}`} />
                <span class="number">{percent === null ? "" : `${Math.floor(percent)} %`}</span>
            </div>
        );
    }
    if (job.error)
        return (
            <span class="why" title={job.error.message}>
                {job.error.message}
            </span>
        );
    const labels = Object.entries(job.metadata).filter(([, value]) => typeof value !== "object");
    return (
        <span class="labels">
            {kindName(job.kind)}
            {labels.slice(0, 2).map(([name, value]) => (
                <code key={name}>{`${name}=${value}`}</code>
            ))}
            {job.warnings > 0 && (
                <em>{job.warnings === 1 ? "a warning" : `${job.warnings} warnings`}</em>
            )}
        </span>
    );
}

function Size({ job }: { job: Row }) {
    if (job.outputSize === null) return <>{bytes(job.inputSize)}</>;
    const isSaving = job.inputSize !== null && job.outputSize < job.inputSize;
    return (
        <>
            {bytes(job.outputSize)}
            {job.inputSize !== null && (
                <small class={isSaving ? "good" : ""}>
                    {saving(job.inputSize, job.outputSize)}
                </small>
            )}
        </>
    );
}

function took(job: Row) {
    if (job.started === null) return "–";
    return job.finished ? duration(job.finished - job.started) : <Elapsed since={job.started} />;
}

export const JobRow = memo(({ row, place, total, isSelected, select }: Props) => {
    const job = row.value;
    const name = fileName(job.input);
    return (
        <li
            class={isSelected ? "row selected" : "row"}
            aria-setsize={total}
            aria-posinset={place + 1}
            style={{ transform: `translateY(calc(${place} * var(--row)))` }}
        >
            <label class="pick">
                <input
                    type="checkbox"
                    checked={isSelected}
                    aria-label={`Select ${name}`}
                    onChange={(event) => select(job.id, event.currentTarget.checked)}
                />
            </label>
            <State status={job.status} />
            <div class="what">
                <a href={`#/jobs/${job.id}`} data-row>
                    {name}
                </a>
                <Middle job={job} />
            </div>
            <span class="wide number">
                <Size job={job} />
            </span>
            <span class="wide number">{took(job)}</span>
            <span class="end number">
                <Age at={job.created} />
            </span>
        </li>
    );
});
