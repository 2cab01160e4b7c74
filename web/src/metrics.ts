// The service's own numbers, read from the Prometheus text every few seconds, and what became of
// them while this page is open.
import { signal } from "@preact/signals";
import { send } from "./api";
import { poll } from "./poll";

export interface Sample {
    labels: Record<string, string>;
    value: number;
}

export type Metrics = Map<string, Sample[]>;

export interface Moment {
    at: number; // seconds, as charts want it
    queued: number;
    processing: number;
    succeeded: number; // since the server started, as the next two
    failed: number;
    outputBytes: number;
}

const EVERY_MS = 5000;
const KEPT = 720; // an hour

function parse(text: string): Metrics {
    const metrics: Metrics = new Map();
    for (const line of text.split("\n")) {
        const found = line.match(/^([a-z_]+)(?:\{(.*)\})? (.+)$/);
        if (!found) continue;
        const [, name, words, value] = found;
        const labels = Object.fromEntries(
            [...(words ?? "").matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]),
        );
        metrics.set(name!, [...(metrics.get(name!) ?? []), { labels, value: Number(value) }]);
    }
    return metrics;
}

/// The sum of all series of a metric that have these labels.
export function total(metrics: Metrics, name: string, labels: Record<string, string> = {}) {
    const fits = (sample: Sample) =>
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
    return (metrics.get(name) ?? []).filter(fits).reduce((sum, { value }) => sum + value, 0);
}

export const metrics = signal<Metrics | null>(null);
export const history = signal<Moment[]>([]);

async function look() {
    const now = parse(await (await send("GET", "metrics")).text());
    metrics.value = now;
    const ended = (status: string) => total(now, "ittybit_jobs_ended_total", { status });
    const moment = {
        at: Date.now() / 1000,
        queued: total(now, "ittybit_jobs_queued"),
        processing: total(now, "ittybit_jobs_processing"),
        succeeded: ended("succeeded"),
        failed: ended("failed"),
        outputBytes: total(now, "ittybit_output_bytes_total"),
    };
    history.value = [...history.value.slice(1 - KEPT), moment];
}

/// Looks as long as it is not ended. Whoever looks away misses nothing but a moment of the chart.
export const watch = () => poll(look, EVERY_MS);

/// How much a counter grew a minute, between one moment and the next; a server that was started
/// anew counts from 0.
export function perMinute(counter: keyof Moment, moments: Moment[]): number[] {
    return moments.map((moment, at) => {
        const before = moments[Math.max(0, at - 12)]!; // a minute ago
        const seconds = moment.at - before.at;
        return seconds > 0 ? (60 * Math.max(0, moment[counter] - before[counter])) / seconds : 0;
    });
}
