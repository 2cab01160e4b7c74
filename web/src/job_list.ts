// The list of jobs as one filter shows it, kept up to date by the events that are heard of all.
import { batch, computed, signal, type Signal } from "@preact/signals";
import {
    contentOf,
    isRefused,
    nextPage,
    send,
    type ApiError,
    type Failure,
    type Job,
    type Status,
} from "./api";
import type { ServerEvent } from "./events";
import { isWork, listen } from "./jobs";

/// Of a job, what a row of the list shows: thousands are held.
export interface Row {
    id: string;
    kind: string;
    input: string;
    status: Status;
    works: { id: string; progress: number | null }[];
    error: Failure | null;
    warnings: number;
    metadata: Record<string, unknown>;
    inputSize: number | null;
    outputSize: number | null;
    created: number;
    started: number | null;
    finished: number | null;
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
const MOST = 10_000; // rows; those below are asked for again where one scrolls to them
const RELOAD_MS = 250; // a page, after it was told of changes: what comes at once is one reload
const RETRY_MS = 5000;

function rowOf(job: Job): Row {
    const probed = job.tasks.find((task) => task.kind === "probe")?.output;
    const made = job.tasks.filter((task) => task.kind === "export").map((task) => task.output);
    const sizes = made.flatMap((file) => file?.size ?? []);
    return {
        id: job.id,
        kind: job.kind,
        input: job.input,
        status: job.status,
        works: job.tasks.filter(isWork).map(({ id, progress }) => ({ id, progress })),
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
    readonly hasMore = computed(() => this.after.value !== null);
    private readonly after = signal<string | null>(null);
    private readonly rows = new Map<string, Signal<Row>>(); // of ids, and no other
    private readonly search: [string, string][] = [];
    private readonly stopListening: () => void = () => {};
    private turn = 0; // of loading: an answer that was overtaken is dropped
    private meanwhile: ServerEvent[] = []; // heard while it loads: the answer may be older
    private reloading = 0;

    constructor(private readonly filter: Filter) {
        try {
            this.search = searchParameters(filter.search);
        } catch (error) {
            this.problem.value = (error as Error).message;
            this.isLoading.value = false;
            return; // there is nothing to ask for
        }
        this.stopListening = listen((events) => this.hear(events));
        void this.load(true);
    }

    end() {
        this.stopListening();
        clearTimeout(this.reloading);
        ++this.turn;
    }

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
        for (const [name, value] of this.search) query.append(name, value);
        return `jobs?${query}`;
    }

    /// One more page behind what is there; when `anew`, all that is there, from the start.
    async load(anew = false) {
        const turn = ++this.turn;
        this.isLoading.value = true;
        this.meanwhile = [];
        try {
            const last = anew ? this.ids.peek().at(-1) : null;
            const jobs: Job[] = [];
            let after = anew ? null : this.after.peek();
            do {
                const answer = await send("GET", this.query(after));
                jobs.push(...(await contentOf<Job[]>(answer)));
                if (turn !== this.turn) return;
                after = nextPage(answer);
            } while (after && last && last < after);
            this.take(jobs, after, anew);
            this.problem.value = "";
        } catch (error) {
            if (turn !== this.turn) return;
            this.problem.value = (error as ApiError).message;
            if (!isRefused(error as ApiError)) this.reload();
        }
        this.isLoading.value = false;
        this.hear(this.meanwhile);
    }

    /// In a while: the longer the list, the longer.
    private reload() {
        const pages = Math.max(1, this.ids.peek().length / PAGE);
        const pause = this.problem.peek() ? RETRY_MS : RELOAD_MS * pages;
        this.reloading ||= window.setTimeout(() => {
            this.reloading = 0;
            void this.load(true);
        }, pause);
    }

    private take(jobs: Job[], after: string | null, anew: boolean) {
        batch(() => {
            const ids = new Set([...(anew ? [] : this.ids.peek()), ...jobs.map((job) => job.id)]);
            for (const id of this.rows.keys()) if (!ids.has(id)) this.rows.delete(id);
            jobs.forEach((job) => this.put(job));
            this.ids.value = [...ids];
            this.after.value = after;
        });
    }

    private put(job: Job) {
        const known = this.rows.get(job.id);
        if (known) known.value = rowOf(job);
        else this.rows.set(job.id, signal(rowOf(job)));
    }

    private hear(events: ServerEvent[]) {
        if (this.isLoading.peek()) this.meanwhile.push(...events);
        batch(() => events.forEach((event) => this.takeEvent(event)));
    }

    private takeEvent({ name, data }: ServerEvent) {
        if (name === "changed") {
            if (!this.isLoading.peek()) this.reload(); // else it is heard again, when that is done
        } else if (name === "deleted") {
            this.drop((data as { id: string }).id);
        } else if (name === "job") {
            this.takeJob(data as Job);
        }
    }

    private takeJob(job: Job) {
        if (!this.shows(job)) return this.drop(job.id);
        if (this.rows.has(job.id)) return this.put(job);
        const after = this.after.peek();
        if (after && job.id < after) return; // it is on a page that was not asked for
        const ids = this.ids.peek();
        const at = ids.findIndex((id) => id < job.id);
        this.put(job);
        this.ids.value = at < 0 ? [...ids, job.id] : ids.toSpliced(at, 0, job.id);
        if (ids.length < MOST) return;
        this.drop(this.ids.peek().at(-1)!);
        this.after.value = this.ids.peek().at(-1)!;
    }

    private shows(job: Job) {
        const { statuses, kind, since } = this.filter;
        if (statuses.length && !statuses.includes(job.status)) return false;
        if (kind && kind !== job.kind) return false;
        if (since && job.created_at < Date.now() - SINCE_MS[since]!) return false;
        return this.search.every(([name, value]) => {
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
