// Sound, seen: the peaks of the decoded samples, with the place that plays.
import { useEffect, useRef, useState } from "preact/hooks";
import type { File } from "./api";
import { timecode } from "./format";
import { theme } from "./theme";

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

export function Waveform({ source, file }: { source: string; file: File }) {
    const canvas = useRef<HTMLCanvasElement>(null);
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
    const colours = theme.value;
    useEffect(() => {
        if (!canvas.current || !peaks) return;
        const redraw = () => canvas.current && draw(canvas.current, peaks, played);
        redraw();
        addEventListener("resize", redraw);
        return () => removeEventListener("resize", redraw);
    }, [peaks, played, colours]);
    const seek = (event: MouseEvent) => {
        const box = canvas.current!.getBoundingClientRect();
        const place = (event.clientX - box.left) / box.width;
        if (sound.current?.duration) sound.current.currentTime = place * sound.current.duration;
    };
    return (
        <>
            {peaks && (
                <canvas
                    ref={canvas}
                    class="waveform"
                    onClick={seek}
                    role="img"
                    aria-label={`Waveform of ${timecode(file.duration)} of sound`}
                />
            )}
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
