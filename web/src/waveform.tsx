// Sound, seen: the peaks of the decoded samples, with the place that plays.
import { useEffect, useRef, useState } from "preact/hooks";
import type { File } from "./api";
import { timecode } from "./format";
import { theme } from "./theme";
import { Problem } from "./ui";

const COLUMNS = 400;
const LONGEST_S = 2400; // all channels together: decoded each takes 12 MB a minute

/// The loudest sample of each column, 0 to 1, all channels together.
async function readPeaks(source: string, columns: number, signal: AbortSignal) {
    const bytes = await (await fetch(source, { signal })).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes);
    const peaks = new Array<number>(columns).fill(0);
    for (let channel = 0; channel < sound.numberOfChannels; ++channel) {
        const samples = sound.getChannelData(channel);
        for (let at = 0; at < samples.length; ++at) {
            const column = Math.floor((at * columns) / samples.length);
            peaks[column] = Math.max(peaks[column]!, Math.abs(samples[at]!));
        }
    }
    return peaks;
}

function draw(canvas: HTMLCanvasElement, peaks: number[], played: number) {
    const scale = devicePixelRatio;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    const context = canvas.getContext("2d")!;
    const style = getComputedStyle(canvas);
    const step = canvas.width / peaks.length;
    peaks.forEach((peak, at) => {
        const height = Math.max(scale, peak * canvas.height * 0.95);
        const name = at / peaks.length < played ? "--accent" : "--strong-line";
        context.fillStyle = style.getPropertyValue(name);
        context.fillRect(at * step, (canvas.height - height) / 2, Math.max(1, step * 0.65), height);
    });
}

interface DrawingProps {
    peaks: number[];
    seconds: number | null;
    played?: number; // of all, 0 to 1
    seek?: (place: number) => void;
}

function Drawing({ peaks, seconds, played = 0, seek }: DrawingProps) {
    const canvas = useRef<HTMLCanvasElement>(null);
    const colours = theme.value;
    useEffect(() => {
        const redraw = () => canvas.current && draw(canvas.current, peaks, played);
        redraw();
        addEventListener("resize", redraw);
        return () => removeEventListener("resize", redraw);
    }, [peaks, played, colours]);
    const click = (event: MouseEvent) => {
        const box = canvas.current!.getBoundingClientRect();
        seek?.((event.clientX - box.left) / box.width);
    };
    return (
        <canvas
            ref={canvas}
            class={seek ? "waveform seeks" : "waveform"}
            onClick={click}
            role="img"
            aria-label={`Waveform of ${timecode(seconds)} of sound`}
        />
    );
}

export function Waveform({ source, file }: { source: string; file: File }) {
    const sound = useRef<HTMLAudioElement>(null);
    const [peaks, setPeaks] = useState<number[] | null>(null);
    const [played, setPlayed] = useState(0);
    useEffect(() => {
        const channels = file.streams?.find((one) => one.type === "audio")?.channels;
        if (!file.duration || !channels || file.duration * channels > LONGEST_S) return;
        const stop = new AbortController();
        // What cannot be decoded here still has its player.
        readPeaks(source, COLUMNS, stop.signal).then(setPeaks, () => {});
        return () => stop.abort();
    }, [source]);
    const seek = (place: number) => {
        if (sound.current?.duration) sound.current.currentTime = place * sound.current.duration;
    };
    return (
        <>
            {peaks && <Drawing peaks={peaks} seconds={file.duration} played={played} seek={seek} />}
            <audio
                ref={sound}
                src={source}
                controls
                preload="metadata"
                aria-label="The output"
                onTimeUpdate={(event) =>
                    setPlayed(event.currentTarget.currentTime / event.currentTarget.duration)
                }
            />
        </>
    );
}

/// The loudest of each column, where there are more peaks than columns.
function inColumns(peaks: number[]) {
    if (peaks.length <= COLUMNS) return peaks;
    const columns = new Array<number>(COLUMNS).fill(0);
    peaks.forEach((peak, at) => {
        const column = Math.floor((at * COLUMNS) / peaks.length);
        columns[column] = Math.max(columns[column]!, peak);
    });
    return columns;
}

/// A file of peaks, drawn.
export function Peaks({ source, file }: { source: string; file: File }) {
    const [peaks, setPeaks] = useState<number[] | null>(null);
    const [problem, setProblem] = useState("");
    useEffect(() => {
        const stop = new AbortController();
        fetch(source, { signal: stop.signal })
            .then((answer) => answer.json())
            .then(
                ({ data }) => setPeaks(data),
                () => stop.signal.aborted || setProblem("The peaks cannot be read."),
            );
        return () => stop.abort();
    }, [source]);
    return (
        <>
            {peaks && <Drawing peaks={inColumns(peaks)} seconds={file.duration} />}
            {peaks && <p class="hint number">{peaks.length} peaks, as JSON</p>}
            <Problem text={problem} />
        </>
    );
}
