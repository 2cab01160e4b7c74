// How the service is: what waits, what works, what fails, and the walls around it.
import { useEffect, useState } from "preact/hooks";
import { ApiError, get, type Health } from "./api";
import { Chart } from "./chart";
import { Failures } from "./failures";
import { bytes, duration } from "./format";
import { history, metrics, perMinute, total, watch, type Metrics } from "./metrics";
import { poll } from "./poll";
import { Bar, Problem } from "./ui";
import { Deliveries } from "./webhooks";
import { Workers } from "./workers";

const LAYERS: Record<string, [string, string]> = {
    namespaces: ["Namespaces", "No network, and nothing shared with other processes"],
    privileges: ["No new privileges", "Nothing that is started can gain rights"],
    limits: ["Limits", "Descriptors, file size, memory, core dumps"],
    landlock: ["Landlock", "Only the files that were handed over"],
    seccomp: ["seccomp", "Only the system calls on a list"],
};

interface FigureProps {
    name: string;
    value: string;
    more?: string;
    share?: number; // of what there is, 0 to 1
}

function Figure({ name, value, more, share }: FigureProps) {
    return (
        <div class="figure">
            <dt>{name}</dt>
            <dd class="number">
                {value}
                {more && <small>{more}</small>}
                {share !== undefined && <Bar percent={100 * share} label={`${name}: ${more}`} />}
            </dd>
        </div>
    );
}

function Figures({ now }: { now: Metrics }) {
    const busy = total(now, "ittybit_slots_busy");
    const slots = total(now, "ittybit_slots");
    const oldest = total(now, "ittybit_queue_oldest_seconds");
    const failed = total(now, "ittybit_jobs_ended_total", { status: "failed" });
    const ended = total(now, "ittybit_jobs_ended_total");
    const read = total(now, "ittybit_input_bytes_total");
    const made = total(now, "ittybit_output_bytes_total");
    return (
        <dl class="figures">
            <Figure
                name="Waiting"
                value={String(total(now, "ittybit_jobs_queued"))}
                more={oldest > 0 ? `oldest ${duration(oldest * 1000)}` : ""}
            />
            <Figure
                name="Running"
                value={String(total(now, "ittybit_jobs_processing"))}
                more={`${busy} of ${slots} slots here`}
                share={slots > 0 ? busy / slots : 0}
            />
            <Figure name="Ended" value={String(ended)} more={`${failed} failed`} />
            <Figure name="Read" value={bytes(read)} more={`${bytes(made)} made`} />
            <Figure
                name="Disk free"
                value={bytes(total(now, "ittybit_scratch_free_bytes"))}
                more="where inputs are kept"
            />
        </dl>
    );
}

function Charts() {
    const moments = history.value;
    if (moments.length < 2) return null; // a line needs two
    const times = moments.map((moment) => moment.at);
    return (
        <div class="halves">
            <Chart
                title="Queue"
                times={times}
                lines={[
                    {
                        name: "waiting",
                        colour: "--muted",
                        values: moments.map((one) => one.queued),
                    },
                    {
                        name: "running",
                        colour: "--accent",
                        values: moments.map((one) => one.processing),
                    },
                ]}
            />
            <Chart
                title="Jobs ended a minute"
                times={times}
                lines={[
                    { name: "done", colour: "--good", values: perMinute("succeeded", moments) },
                    { name: "failed", colour: "--bad", values: perMinute("failed", moments) },
                ]}
            />
        </div>
    );
}

function Walls({ health }: { health: Health }) {
    return (
        <section class="card">
            <h2>Sandbox</h2>
            <ul class="layers">
                {Object.entries(health.sandbox).map(([layer, stands]) => (
                    <li key={layer} class={stands ? "stands" : "missing"}>
                        <b>{LAYERS[layer]?.[0] ?? layer}</b>
                        <span>{stands ? LAYERS[layer]?.[1] : "Not in force on this machine"}</span>
                    </li>
                ))}
            </ul>
        </section>
    );
}

function Tally({ title, name, label }: { title: string; name: string; label: string }) {
    const samples = metrics.value?.get(name) ?? [];
    const most = Math.max(1, ...samples.map((sample) => sample.value));
    if (samples.length === 0) return null;
    return (
        <section class="card">
            <h2>{title}</h2>
            <ul class="tally">
                {samples.map((sample) => (
                    <li key={sample.labels[label]}>
                        <span>{sample.labels[label]}</span>
                        <span class="track" aria-hidden="true">
                            <i style={{ width: `${(100 * sample.value) / most}%` }} />
                        </span>
                        <span class="number">{sample.value}</span>
                    </li>
                ))}
            </ul>
        </section>
    );
}

export function System() {
    const [health, setHealth] = useState<Health | null>(null);
    const [problem, setProblem] = useState("");
    useEffect(watch, []);
    useEffect(() => {
        const look = () =>
            get<Health>("health").then(
                (told) => (setHealth(told), setProblem("")),
                (error: ApiError) => setProblem(error.message),
            );
        return poll(look, 10_000);
    }, []);
    const now = metrics.value;
    return (
        <div class="page">
            <div class="title">
                <h1>System</h1>
                {health && (
                    <p class="muted">
                        ittybit {health.version} <code>{health.build}</code>
                    </p>
                )}
            </div>
            <Problem text={problem} />
            {now && <Figures now={now} />}
            <Charts />
            <div class="halves">
                <div>
                    <Failures />
                    <Tally
                        title="Webhooks sent"
                        name="ittybit_webhook_attempts_total"
                        label="outcome"
                    />
                    <Tally
                        title="Media processes ended"
                        name="ittybit_child_exits_total"
                        label="reason"
                    />
                </div>
                <div>
                    <Workers />
                    {health && <Walls health={health} />}
                </div>
            </div>
            <Deliveries />
        </div>
    );
}
