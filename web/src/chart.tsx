// A small line chart over time.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "./theme";

export interface Line {
    name: string;
    colour: string; // of the style sheet: "--good"
    values: number[];
}

interface Props {
    title: string;
    times: number[]; // seconds
    lines: Line[];
}

const HEIGHT = 160;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];

/// Whole numbers of little things, tenths where a chart has them.
const text = (value: number) => String(Number(value.toFixed(1)));

/// "14:05", with seconds where the marks are closer.
function timesOf(ticks: number[], step: number) {
    const seconds = step < 60 ? ({ second: "2-digit" } as const) : {};
    return ticks.map((at) =>
        new Date(at * 1000).toLocaleTimeString(undefined, {
            hour: "2-digit",
            minute: "2-digit",
            ...seconds,
            hourCycle: "h23",
        }),
    );
}

function optionsFor(element: HTMLElement, lines: Line[]): uPlot.Options {
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
        stroke: colour("--muted"),
        grid: { stroke: colour("--line"), width: 1 },
        ticks: { show: false },
        font: `12px ${style.fontFamily}`,
    };
    return {
        width: element.clientWidth,
        height: HEIGHT,
        cursor: { y: false, drag: { x: false, y: false } },
        legend: { live: false },
        scales: { y: { range: (_, __, max) => [0, Math.max(2, max * 1.1)] } },
        axes: [
            { ...axis, space: 90, values: (_, ticks, __, ___, step) => timesOf(ticks, step) },
            { ...axis, size: 44, incrs: STEPS, values: (_, ticks) => ticks.map(text) },
        ],
        series: [
            {},
            ...lines.map((line) => ({
                label: line.name,
                stroke: colour(line.colour),
                fill: `${colour(line.colour)}1a`,
                width: 1.5,
                points: { show: false },
            })),
        ],
    };
}

export function Chart({ title, times, lines }: Props) {
    const element = useRef<HTMLDivElement>(null);
    const plot = useRef<uPlot | null>(null);
    const colours = theme.value;
    const data = [times, ...lines.map((line) => line.values)] as uPlot.AlignedData;
    useEffect(() => {
        const place = element.current!;
        const made = new uPlot(optionsFor(place, lines), data, place);
        plot.current = made;
        const fit = new ResizeObserver(() =>
            made.setSize({ width: place.clientWidth, height: HEIGHT }),
        );
        fit.observe(place);
        return () => {
            fit.disconnect();
            made.destroy();
        };
    }, [colours]);
    useEffect(() => plot.current?.setData(data), [times.length, times.at(-1)]);
    const latest = lines.map((line) => `${line.name} ${text(line.values.at(-1) ?? 0)}`).join(", ");
    return (
        <section class="card">
            <h2>{title}</h2>
            <div ref={element} class="chart" role="img" aria-label={`${title}: now ${latest}`} />
        </section>
    );
}
