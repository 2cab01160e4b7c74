// What failed lately, by kind and by the hour.
import { useEffect, useState } from "preact/hooks";
import { contentOf, nextPage, send, type Job } from "./api";
import { poll } from "./poll";
import { kindOfFailure } from "./words";

const HOUR_MS = 3_600_000;
const HOURS = 24;
const MOST_PAGES = 5; // of a hundred
const COLOURS = 5; // for as many kinds; the rest share one more
const EVERY_MS = 15_000;

interface Failed {
    kind: string;
    at: number;
}

interface Latest {
    since: number; // the beginning of the first hour
    failed: Failed[];
    isAll: boolean;
}

/// The list has the newest jobs first, and an older one ends later at times: so whole pages are
/// taken, up to one with nothing new enough on it.
async function findLatest(): Promise<Latest> {
    const since = new Date().setMinutes(0, 0, 0) - (HOURS - 1) * HOUR_MS;
    const failed: Failed[] = [];
    let after: string | null = null;
    for (let page = 0; page < MOST_PAGES; ++page) {
        const from: string = after ? `&after=${encodeURIComponent(after)}` : "";
        const answer = await send("GET", `jobs?status=failed&limit=100${from}`);
        const found = (await contentOf<Job[]>(answer)).flatMap(({ error, finished_at }) =>
            error && finished_at && finished_at >= since
                ? [{ kind: error.kind, at: finished_at }]
                : [],
        );
        failed.push(...found);
        after = nextPage(answer);
        if (!after || found.length === 0) return { since, failed, isAll: true };
    }
    return { since, failed, isAll: false };
}

/// How many of each kind, the most frequent first.
function countKinds(failed: Failed[]): [string, number][] {
    const counts = new Map<string, number>();
    for (const { kind } of failed) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return [...counts].sort((one, other) => other[1] - one[1]);
}

/// How many of each colour in each hour.
function countHours({ since, failed }: Latest, kinds: string[]): number[][] {
    const hours = Array.from({ length: HOURS }, () => new Array<number>(COLOURS + 1).fill(0));
    for (const { kind, at } of failed) {
        const hour = Math.min(HOURS - 1, Math.floor((at - since) / HOUR_MS));
        ++hours[hour]![Math.min(COLOURS, kinds.indexOf(kind))]!;
    }
    return hours;
}

const clock = (at: number) =>
    new Date(at).toLocaleTimeString(undefined, {
        hour: "2-digit",
        minute: "2-digit",
        hourCycle: "h23",
    });

function Bars({ latest, kinds }: { latest: Latest; kinds: string[] }) {
    const hours = countHours(latest, kinds);
    const sums = hours.map((counts) => counts.reduce((sum, count) => sum + count, 0));
    const most = Math.max(...sums);
    const begin = (hour: number) => clock(latest.since + hour * HOUR_MS);
    const told = `Failures by the hour: most, ${most}, from ${begin(sums.indexOf(most))} on`;
    return (
        <>
            <p class="hint number">at most {most} an hour</p>
            <div class="hours" role="img" aria-label={told}>
                {hours.map((counts, hour) => (
                    <div key={hour} title={`${begin(hour)}: ${sums[hour]}`}>
                        <div style={{ height: `${(100 * sums[hour]!) / most}%` }}>
                            {counts.map(
                                (count, colour) =>
                                    count > 0 && (
                                        <i
                                            key={colour}
                                            class={`kind-${colour}`}
                                            style={{ flexGrow: count }}
                                        />
                                    ),
                            )}
                        </div>
                    </div>
                ))}
            </div>
            <p class="scale number" aria-hidden="true">
                <span>{begin(0)}</span>
                <span>{begin(HOURS / 2)}</span>
                <span>now</span>
            </p>
        </>
    );
}

function Kinds({ counts }: { counts: [string, number][] }) {
    const most = counts[0]![1];
    return (
        <ul class="tally">
            {counts.map(([kind, count], at) => (
                <li key={kind}>
                    <a href={`#/jobs?status=failed&q=error:${kind}`}>{kindOfFailure(kind)}</a>
                    <span class="track" aria-hidden="true">
                        <i
                            class={`kind-${Math.min(at, COLOURS)}`}
                            style={{ width: `${(100 * count) / most}%` }}
                        />
                    </span>
                    <span class="number">{count}</span>
                </li>
            ))}
        </ul>
    );
}

export function Failures() {
    const [latest, setLatest] = useState<Latest | null>(null);
    useEffect(() => poll(async () => setLatest(await findLatest()), EVERY_MS), []);
    const counts = latest ? countKinds(latest.failed) : [];
    return (
        <section class="card failures">
            <h2>Failures in {HOURS} hours</h2>
            {latest && counts.length === 0 && <p class="hint">None.</p>}
            {latest && counts.length > 0 && (
                <>
                    <Bars latest={latest} kinds={counts.map(([kind]) => kind)} />
                    <Kinds counts={counts} />
                    {!latest.isAll && (
                        <p class="hint">
                            Of the latest {100 * MOST_PAGES} jobs that failed; there are more.
                        </p>
                    )}
                </>
            )}
        </section>
    );
}
