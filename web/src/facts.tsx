// What a media file is made of.
import type { File } from "./api";
import { bitrate, bytes, saving, timecode } from "./format";

type Stream = NonNullable<File["streams"]>[number];

const dimensions = (file: File) => (file.width ? `${file.width} × ${file.height}` : null);
const rate = (fps: number | null) => (fps ? `${Number(fps.toFixed(3))} fps` : null);

function describe(stream: Stream) {
    const facts = [
        stream.codec,
        stream.profile,
        stream.width ? `${stream.width} × ${stream.height}` : null,
        rate(stream.fps),
        stream.hdr?.toUpperCase(),
        stream.bit_depth && stream.type === "video" ? `${stream.bit_depth} bit` : null,
        stream.interlaced ? "interlaced" : null,
        stream.rotation ? `turned by ${stream.rotation}°` : null,
        stream.alpha ? "transparency" : null,
        stream.channel_layout,
        stream.sample_rate ? `${stream.sample_rate / 1000} kHz` : null,
        stream.bitrate ? bitrate(stream.bitrate) : null,
        stream.language,
    ];
    return facts.filter(Boolean).join(", ");
}

export function Facts({ title, file }: { title: string; file: File }) {
    const rows: [string, string | null][] = [
        ["Format", file.format],
        ["Size", file.size ? bytes(file.size) : null],
        ["Picture", dimensions(file)],
        ["Length", file.duration ? timecode(file.duration) : null],
        ["Frame rate", rate(file.fps)],
        ["Bit rate", file.bitrate ? bitrate(file.bitrate) : null],
    ];
    return (
        <section class="card">
            <h2>{title}</h2>
            <dl class="facts">
                {rows
                    .filter(([, value]) => value)
                    .map(([name, value]) => (
                        <div key={name}>
                            <dt>{name}</dt>
                            <dd>{value}</dd>
                        </div>
                    ))}
            </dl>
            {file.kind !== "image" && file.streams && file.streams.length > 0 && (
                <ul class="streams">
                    {file.streams.map((stream) => (
                        <li key={stream.index}>
                            <b>{stream.type}</b> {describe(stream)}
                        </li>
                    ))}
                </ul>
            )}
        </section>
    );
}

/// Before and after, where they differ or not.
export function Comparison({ before, after }: { before: File; after: File }) {
    const sizeAfter = after.parts?.size ?? after.size;
    const codecs = (file: File) =>
        [file.codecs.video, file.codecs.audio].filter(Boolean).join(" + ");
    const rows: [string, string | null, string | null, string?][] = [
        [
            "Size",
            bytes(before.size),
            bytes(sizeAfter),
            before.size && sizeAfter ? saving(before.size, sizeAfter) : "",
        ],
        ["Picture", dimensions(before), dimensions(after)],
        ["Format", before.format, after.format],
        ["Codecs", codecs(before), codecs(after)],
        ["Length", timecode(before.duration), timecode(after.duration)],
        ["Bit rate", bitrate(before.bitrate), bitrate(after.bitrate)],
    ];
    const isTold = (value: string | null) => value !== null && value !== "" && value !== "–";
    return (
        <section class="card">
            <h2>Before and after</h2>
            <table class="compared">
                <thead>
                    <tr>
                        <td />
                        <th scope="col">Input</th>
                        <th scope="col">Output</th>
                        <td />
                    </tr>
                </thead>
                <tbody>
                    {rows
                        .filter(([, was, is]) => isTold(was) || isTold(is))
                        .map(([name, was, is, told]) => (
                            <tr key={name}>
                                <th scope="row">{name}</th>
                                <td class="number">{was ?? "–"}</td>
                                <td class="number">{is ?? "–"}</td>
                                <td class={told?.includes("smaller") ? "good" : "muted"}>{told}</td>
                            </tr>
                        ))}
                </tbody>
            </table>
        </section>
    );
}
