// Plays a file, or a stream whose rendition can be chosen.
import { useEffect, useRef, useState } from "preact/hooks";
import type Hls from "hls.js";
import type { File } from "./api";
import { bitrate } from "./format";
import { Problem } from "./ui";

const AUTOMATIC = -1;

/// A rendition as people name it: "720p, 2.1 Mbit/s".
const levelName = (level: Hls["levels"][number]) =>
    [level.height ? `${level.height}p` : "sound", bitrate(level.bitrate)].join(", ");

function useStream(source: string, video: { current: HTMLVideoElement | null }) {
    const [hls, setHls] = useState<Hls | null>(null);
    const [levels, setLevels] = useState<string[]>([]);
    const [playing, setPlaying] = useState(AUTOMATIC);
    const [problem, setProblem] = useState("");
    useEffect(() => {
        let made: Hls | null = null;
        let isGone = false;
        void import("hls.js").then(({ default: Hls }) => {
            if (isGone || !video.current) return;
            if (!Hls.isSupported()) return void (video.current.src = source);
            // A worker would be made from a blob, which the page's policy refuses.
            made = new Hls({ enableWorker: false, capLevelToPlayerSize: false });
            made.on(Hls.Events.MANIFEST_PARSED, () => setLevels(made!.levels.map(levelName)));
            made.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => setPlaying(level));
            made.on(Hls.Events.ERROR, (_, error) => {
                if (error.fatal) setProblem(`The stream does not play here: ${error.details}`);
            });
            made.loadSource(source);
            made.attachMedia(video.current);
            setHls(made);
        });
        return () => {
            isGone = true;
            made?.destroy();
        };
    }, [source]);
    return { hls, levels, playing, problem };
}

function Stream({ source }: { source: string }) {
    const video = useRef<HTMLVideoElement>(null);
    const { hls, levels, playing, problem } = useStream(source, video);
    const [chosen, setChosen] = useState(AUTOMATIC);
    const choose = (level: number) => {
        setChosen(level);
        if (hls) hls.currentLevel = level;
    };
    const automatic =
        playing >= 0 && chosen === AUTOMATIC ? `Automatic (${levels[playing]})` : "Automatic";
    return (
        <>
            <video ref={video} controls playsInline aria-label="The output" />
            <Problem text={problem} />
            {levels.length > 0 && (
                <label class="inline">
                    Rendition
                    <select
                        value={chosen}
                        onChange={(event) => choose(Number(event.currentTarget.value))}
                    >
                        <option value={AUTOMATIC}>{automatic}</option>
                        {levels.map((name, at) => (
                            <option key={at} value={at}>
                                {name}
                            </option>
                        ))}
                    </select>
                </label>
            )}
        </>
    );
}

function Film({ source, file }: { source: string; file: File }) {
    const [problem, setProblem] = useState("");
    return (
        <>
            <video
                src={source}
                controls
                playsInline
                preload="metadata"
                aria-label="The output"
                width={file.width ?? undefined}
                height={file.height ?? undefined}
                onError={() => setProblem("This browser does not play this format: download it.")}
            />
            <Problem text={problem} />
        </>
    );
}

export const Player = ({ source, file }: { source: string; file: File }) =>
    /\.m3u8$/.test(source) ? <Stream source={source} /> : <Film source={source} file={file} />;
