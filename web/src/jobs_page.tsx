// The list of jobs: filters, search, rows as they change, and what is done with several at once.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { post, remove } from "./api";
import { FilterBar } from "./filter_bar";
import { Icon } from "./icon";
import { JobRow } from "./job_row";
import { JobList, NO_FILTER, type Filter } from "./job_list";
import { forEachJob, isJobId } from "./jobs";
import { go, replace, route } from "./route";
import { attempt, confirm, Problem, say } from "./ui";

const BEYOND = 8; // rows that are drawn above and below what is seen
const AHEAD = 30; // rows before the end at which the next page is asked for

/// The list that was shown last, so that coming back from a job finds it as it was.
let kept: { words: string; list: JobList; scroll: number } | null = null;
const selected = signal(new Set<string>());

function readFilter(query: URLSearchParams): Filter {
    return {
        statuses: query.get("status")?.split(",").filter(Boolean) ?? [],
        kind: query.get("kind") ?? "",
        search: query.get("q") ?? "",
        since: query.get("since") ?? "",
    };
}

function wordsOf(filter: Filter) {
    const query = new URLSearchParams();
    if (filter.statuses.length) query.set("status", filter.statuses.join(","));
    if (filter.kind) query.set("kind", filter.kind);
    if (filter.search) query.set("q", filter.search);
    if (filter.since) query.set("since", filter.since);
    return query.toString();
}

function listFor(filter: Filter) {
    const words = wordsOf(filter);
    if (kept?.words === words) return kept.list;
    kept?.list.end();
    kept = { words, list: new JobList(filter), scroll: 0 };
    selected.value = new Set();
    return kept.list;
}

/// Where the list is that was shown last.
export const listAddress = () => (kept?.words ? `#/jobs?${kept.words}` : "#/jobs");

/// Whose key is gone, his list is too.
export function forgetList() {
    kept?.list.end();
    kept = null;
}

/// Which rows are to be drawn: those near the window's part of the list.
function useWindow(count: number) {
    const list = useRef<HTMLUListElement>(null);
    const [range, setRange] = useState({ from: 0, to: 30, height: 60 });
    useLayoutEffect(() => {
        const look = () => {
            if (!list.current) return;
            const height = parseFloat(getComputedStyle(list.current).getPropertyValue("--row"));
            const above = -list.current.getBoundingClientRect().top;
            const first = Math.max(0, Math.floor(above / height) - BEYOND);
            const shown = Math.ceil(innerHeight / height) + 2 * BEYOND;
            const next = { from: first, to: Math.min(count, first + shown), height };
            setRange((old) =>
                old.from === next.from && old.to === next.to && old.height === height ? old : next,
            );
        };
        look();
        addEventListener("scroll", look, { passive: true });
        addEventListener("resize", look);
        return () => {
            removeEventListener("scroll", look);
            removeEventListener("resize", look);
        };
    }, [count]);
    return { list, ...range };
}

function toggle(id: string, isOn: boolean) {
    const next = new Set(selected.value);
    if (isOn) next.add(id);
    else next.delete(id);
    selected.value = next;
}

function Rows({ list }: { list: JobList }) {
    const ids = list.ids.value;
    const { list: element, from, to, height } = useWindow(ids.length);
    const chosen = selected.value;
    useEffect(() => {
        const isNear = to + AHEAD >= ids.length;
        const isAtRest = !list.isLoading.value && !list.problem.value;
        if (isNear && list.hasMore.value && isAtRest) void list.load();
    }, [to, ids.length, list.isLoading.value]);
    return (
        <ul class="rows" ref={element} style={{ height: `${ids.length * height}px` }}>
            {ids.slice(from, to).map((id, at) => (
                <JobRow
                    key={id}
                    row={list.row(id)}
                    place={from + at}
                    total={ids.length}
                    isSelected={chosen.has(id)}
                    select={toggle}
                />
            ))}
        </ul>
    );
}

/// What is done with all that are selected.
function Bulk({ list }: { list: JobList }) {
    const ids = list.ids.value.filter((id) => selected.value.has(id));
    const [isBusy, setBusy] = useState(false);
    const act = async (done: string, action: (id: string) => Promise<unknown>) => {
        setBusy(true);
        const failures = await forEachJob(ids, action);
        setBusy(false);
        selected.value = new Set();
        if (failures.length < ids.length) say(`${ids.length - failures.length} ${done}`);
        if (failures.length) say(`${failures.length} could not be: ${failures[0]}`, true);
    };
    const erase = async () => {
        const text = "Their outputs go too. Jobs that run are cancelled first.";
        const title = ids.length === 1 ? "Delete this job?" : `Delete ${ids.length} jobs?`;
        if (await confirm(title, text, "Delete")) {
            await act("deleted", (id) => remove(`jobs/${id}`));
        }
    };
    if (ids.length === 0) return null;
    return (
        <div class="bulk" role="toolbar" aria-label="Selected jobs">
            <strong>{ids.length} selected</strong>
            <button
                type="button"
                disabled={isBusy}
                onClick={() => void act("cancelled", (id) => post(`jobs/${id}/cancel`))}
            >
                <Icon name="stop" />
                Cancel
            </button>
            <button
                type="button"
                disabled={isBusy}
                onClick={() => void act("started again", (id) => post(`jobs/${id}/retry`))}
            >
                <Icon name="retry" />
                Retry
            </button>
            <button type="button" disabled={isBusy} onClick={() => void erase()}>
                <Icon name="trash" />
                Delete
            </button>
            <button type="button" class="quiet" onClick={() => (selected.value = new Set())}>
                Clear
            </button>
        </div>
    );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
    if (isFiltered) {
        return (
            <div class="nothing">
                <p>No job is like that.</p>
                <button type="button" onClick={() => replace("#/jobs")}>
                    Show all jobs
                </button>
            </div>
        );
    }
    return (
        <div class="nothing">
            <h2>No jobs yet</h2>
            <p>Drop a file, or give the address of one, and say what it shall become.</p>
            <a class="button primary" href="#/new">
                <Icon name="plus" />
                New job
            </a>
        </div>
    );
}

export function JobsPage() {
    const filter = readFilter(route.value.query);
    const words = wordsOf(filter);
    const list = listFor(filter);
    useEffect(() => {
        scrollTo(0, kept?.scroll ?? 0);
        const note = () => kept && (kept.scroll = scrollY);
        addEventListener("scroll", note, { passive: true });
        return () => removeEventListener("scroll", note);
    }, [words]);
    const change = (next: Filter) => {
        const id = next.search.trim();
        if (isJobId(id)) return go(`#/jobs/${id}`);
        const query = wordsOf(next);
        void attempt(async () => replace(query ? `#/jobs?${query}` : "#/jobs"));
    };
    const count = list.ids.value.length;
    const isAll = count > 0 && list.ids.value.every((id) => selected.value.has(id));
    const selectAll = () => (selected.value = new Set(isAll ? [] : list.ids.value));
    return (
        <div class="page">
            <h1 class="visually-hidden">Jobs</h1>
            <FilterBar filter={filter} change={change} />
            <Problem text={list.problem.value} />
            {count > 0 && (
                <div class="row heading">
                    <label class="pick">
                        <input
                            type="checkbox"
                            checked={isAll}
                            onChange={selectAll}
                            aria-label="Select all that are loaded"
                        />
                    </label>
                    <span>State</span>
                    <span>Job</span>
                    <span class="wide">Size</span>
                    <span class="wide">Took</span>
                    <span class="end">Created</span>
                </div>
            )}
            <Rows key={words} list={list} />
            <p class="foot" role="status">
                {list.isLoading.value
                    ? "Loading…"
                    : count > 0 &&
                      (list.hasMore.value ? "" : `${count} ${count === 1 ? "job" : "jobs"}`)}
            </p>
            {count === 0 && !list.isLoading.value && !list.problem.value && (
                <Nothing isFiltered={words !== wordsOf(NO_FILTER)} />
            )}
            <Bulk list={list} />
        </div>
    );
}
