// The jobs that the list shows, kept up to date by one stream of events.
import { batch, signal, type Signal } from "@preact/signals";
import {
    ApiError,
    get,
    nextPage,
    send,
    type Failure,
    type Job,
    type JobOutput,
    type Status,
    type Task,
} from "./api";
import { follow, type ServerEvent } from "./events";

/// Of a job, what a row of the list shows: thousands are held.
export interface Row {
    id: string;
    kind: string;
    input: string;
    status: Status;
    percent: number | null;
    error: Failure | null;
    warnings: number;
    metadata: Record<string, unknown>;
    inputSize: number | null;
    outputSize: number | null;
    created: number;
    started: number | null;
    finished: number | null;
}

export interface Progress {
    job: string;
    task: string;
    percent: number | null;
    speed: number | null;
    eta_s: number | null;
}

export interface Filter {
    statuses: string[];
    kind: string;
    search: string;
    since: string; // "", "1h", "24h", "7d"
}

export const NO_FILTER: Filter = { statuses: [], kind: "", search: "", since: "" };
const SINCE_MS: Record<string, number> = { "1h": 3600e3, "24h": 86400e3, "7d": 7 * 86400e3 };
const PAGE = 100;
const RELOAD_MS = 250; // after it was told that something changed: what comes at once is one reload

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

function rowOf(job: Job): Row {
    const works = job.tasks.filter(isWork);
    const known = works.flatMap((task) => task.progress ?? []);
    const total = works.length || 1;
    const probed = job.tasks.find((task) => task.kind === "probe")?.output;
    const made = job.tasks.filter((task) => task.kind === "export").map((task) => task.output);
    const sizes = made.flatMap((file) => file?.size ?? []);
    return {
        id: job.id,
        kind: job.kind,
        input: job.input,
        status: job.status,
        percent: known.length ? known.reduce((sum, part) => sum + part, 0) / total : null,
        error: job.error,
        warnings: job.warnings.length,
        metadata: job.metadata,
        inputSize: probed?.size ?? null,
        outputSize: sizes.length ? sizes.reduce((sum, size) => sum + size, 0) : null,
        created: job.created_at,
        started: job.started_at,
        finished: job.finished_at,
    };
}

/// What is typed into the search, as parameters of the list: `name=value` is metadata, `error:kind`
/// the kind of a failure, and an address an input.
export function searchParameters(text: string): [string, string][] {
    const found: [string, string][] = [];
    for (const word of text.trim().split(/\s+/).filter(Boolean)) {
        const label = word.match(/^(?:metadata\.)?([^=:/]+)=(.*)$/);
        if (word.startsWith("error:")) found.push(["error", word.slice(6)]);
        else if (/^(https?|s3):\/\//.test(word)) found.push(["input", word]);
        else if (label) found.push([`metadata.${label[1]}`, label[2]!]);
        else
            throw new Error(
                `“${word}”: search for name=value, error:kind, an input’s URL or a job’s id`,
            );
    }
    return found;
}

/// The list as one filter shows it. Each row is a signal of its own, so that a change redraws it
/// alone.
export class JobList {
    readonly ids = signal<string[]>([]);
    readonly isLoading = signal(true);
    readonly problem = signal("");
    readonly hasMore = signal(false);
    private readonly rows = new Map<string, Signal<Row>>();
    private after: string | null = null;
    private turn = 0; // of loading: an answer that was overtaken is dropped
    private reloading = 0;

    constructor(private readonly filter: Filter) {}

    row(id: string) {
        return this.rows.get(id)!;
    }

    private query(after: string | null) {
        const query = new URLSearchParams({ limit: String(PAGE) });
        if (after) query.set("after", after);
        if (this.filter.statuses.length) query.set("status", this.filter.statuses.join(","));
        if (this.filter.kind) query.set("kind", this.filter.kind);
        const since = SINCE_MS[this.filter.since];
        if (since) query.set("created_after", String(Date.now() - since));
        for (const [name, value] of searchParameters(this.filter.search)) query.append(name, value);
        return `jobs?${query}`;
    }

    /// One more page behind what is there; from the start when `anew`.
    async load(anew = false) {
        const turn = ++this.turn;
        this.isLoading.value = true;
        try {
            const answer = await send("GET", this.query(anew ? null : this.after));
            const jobs: Job[] = await answer.json();
            if (turn !== this.turn) return;
            this.take(jobs, nextPage(answer), anew);
            this.problem.value = "";
        } catch (error) {
            if (turn === this.turn) this.problem.value = (error as Error).message;
        } finally {
            if (turn === this.turn) this.isLoading.value = false;
        }
    }

    private take(jobs: Job[], after: string | null, anew: boolean) {
        batch(() => {
            jobs.forEach((job) => this.put(job));
            const fresh = jobs.map((job) => job.id);
            const known = this.ids.peek();
            if (!anew) {
                this.ids.value = [...new Set([...known, ...fresh])];
            } else {
                // What was loaded below the first page stays; where pages are missing in between,
                // or all there is has come, it goes.
                const last = fresh.at(-1);
                const joins = after !== null && last !== undefined && known.includes(last);
                this.ids.value = joins ? [...fresh, ...known.filter((id) => id < last)] : fresh;
                if (joins) after = this.after;
            }
            this.after = after;
            this.hasMore.value = after !== null;
        });
    }

    private put(job: Job) {
        const known = this.rows.get(job.id);
        if (known) known.value = rowOf(job);
        else this.rows.set(job.id, signal(rowOf(job)));
    }

    hear(events: ServerEvent[]) {
        batch(() => events.forEach((event) => this.takeEvent(event)));
    }

    private takeEvent({ name, data }: ServerEvent) {
        if (name === "changed") {
            window.clearTimeout(this.reloading);
            this.reloading = window.setTimeout(() => void this.load(true), RELOAD_MS);
        } else if (name === "deleted") {
            this.drop((data as { id: string }).id);
        } else if (name === "job") {
            this.takeJob(data as Job);
        }
    }

    private takeJob(job: Job) {
        if (!this.shows(job)) return this.drop(job.id);
        if (this.rows.has(job.id)) return this.put(job);
        const ids = this.ids.peek();
        const at = ids.findIndex((id) => id < job.id);
        if (at < 0 && this.hasMore.peek()) return; // it is on a page that was not asked for
        this.put(job);
        this.ids.value = at < 0 ? [...ids, job.id] : ids.toSpliced(at, 0, job.id);
    }

    private shows(job: Job) {
        const { statuses, kind, search, since } = this.filter;
        if (statuses.length && !statuses.includes(job.status)) return false;
        if (kind && kind !== job.kind) return false;
        if (since && job.created_at < Date.now() - SINCE_MS[since]!) return false;
        return searchParameters(search).every(([name, value]) => {
            if (name === "error") return job.error?.kind === value;
            if (name === "input") return job.input === value;
            return String(job.metadata[name.slice("metadata.".length)]) === value;
        });
    }

    private drop(id: string) {
        if (!this.rows.delete(id)) return;
        this.ids.value = this.ids.peek().filter((other) => other !== id);
    }
}

const progress = new Map<string, Signal<Progress | null>>();

/// How far a job is that is worked on now.
export function progressOf(id: string) {
    if (!progress.has(id)) progress.set(id, signal(null));
    return progress.get(id)!;
}

function takeProgress({ name, data }: ServerEvent) {
    if (name === "progress") progressOf((data as Progress).job).value = data as Progress;
    if (name === "job" && isFinal((data as Job).status)) progressOf((data as Job).id).value = null;
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
