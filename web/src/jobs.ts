// What pages ask of jobs, and one stream of events about all of them.
import { batch, signal, type Signal } from "@preact/signals";
import { ApiError, get, type Job, type JobOutput, type Status, type Task } from "./api";
import { follow, type ServerEvent } from "./events";

export interface Progress {
    job: string;
    task: string;
    percent: number | null;
    speed: number | null;
    eta_s: number | null;
}

export const isJobId = (text: string) => /^job_[0-9a-z]{26}$/.test(text.trim());

export const isFinal = (status: Status) => !["queued", "processing"].includes(status);

/// The task that a job is for: neither looking at the input, nor fetching, nor sending.
export const isWork = (task: { kind: string }) =>
    !["probe", "import", "export"].includes(task.kind);

/// What a job makes, one by one: it may be one output or several.
export function outputsOf(job: Job): JobOutput[] {
    const { kind, options, output, error } = job;
    const status = job.status === "queued" ? "waiting" : job.status;
    const tasks = job.tasks.map((task) => task.id);
    return job.outputs ?? [{ kind, options, name: null, status, output, error, tasks }];
}

/// The task of this output that does the work, or exports it.
export function taskOf(job: Job, output: JobOutput, is: (task: Task) => boolean) {
    return job.tasks.find((task) => output.tasks.includes(task.id) && is(task));
}

export const isExport = (task: Task) => task.kind === "export";

const progress = new Map<string, Signal<Record<string, Progress>>>();

/// How far each task of a job is that is worked on now; kept while somebody shows it.
export function progressOf(id: string) {
    let told = progress.get(id);
    if (!told) {
        told = signal<Record<string, Progress>>({}, { unwatched: () => progress.delete(id) });
        progress.set(id, told);
    }
    return told;
}

function takeProgress({ name, data }: ServerEvent) {
    if (name !== "progress") return;
    const told = data as Progress;
    const shown = progress.get(told.job);
    if (shown) shown.value = { ...shown.peek(), [told.task]: told };
}

export const isLive = signal(false);

type Listener = (events: ServerEvent[]) => void;
const listeners = new Set<Listener>();
let end: (() => void) | null = null;

/// Hears of all jobs for as long as it is not ended: one stream for the whole page.
export function listen(listener: Listener) {
    listeners.add(listener);
    end ??= follow(
        "jobs/events",
        (events) =>
            batch(() => {
                events.forEach(takeProgress);
                listeners.forEach((hear) => hear(events));
            }),
        (is) => (isLive.value = is),
    );
    return () => void listeners.delete(listener);
}

/// Nobody is signed in any more.
export function hangUp() {
    end?.();
    end = null;
    listeners.clear();
    isLive.value = false;
}

export const findJob = (id: string) => get<Job>(`jobs/${encodeURIComponent(id)}`);

/// The same for many, six at a time. How many could not, and why the first of them.
export async function forEachJob(ids: string[], act: (id: string) => Promise<unknown>) {
    const waiting = [...ids];
    const failures: string[] = [];
    const work = async () => {
        for (let id = waiting.shift(); id; id = waiting.shift()) {
            await act(id).catch((error: ApiError) => failures.push(error.message));
        }
    };
    await Promise.all(Array.from({ length: 6 }, work));
    return failures;
}
