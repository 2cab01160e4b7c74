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
    text?: (value: number) => string;
}

const HEIGHT = 160;

function optionsFor(
    element: HTMLElement,
    lines: Line[],
    text: (value: number) => string,
): uPlot.Options {
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
        legend: { live: true },
        scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [axis, { ...axis, size: 56, values: (_, ticks) => ticks.map(text) }],
        series: [
            {},
            ...lines.map((line) => ({
                label: line.name,
                stroke: colour(line.colour),
                fill: `${colour(line.colour)}1a`,
                width: 1.5,
                points: { show: false },
                value: (_: uPlot, value: number | null) => (value === null ? "–" : text(value)),
            })),
        ],
    };
}

export function Chart({ title, times, lines, text = (value) => String(Math.round(value)) }: Props) {
    const element = useRef<HTMLDivElement>(null);
    const plot = useRef<uPlot | null>(null);
    const colours = theme.value;
    const data = [times, ...lines.map((line) => line.values)] as uPlot.AlignedData;
    useEffect(() => {
        const place = element.current!;
        const made = new uPlot(optionsFor(place, lines, text), data, place);
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
