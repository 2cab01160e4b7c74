// The result itself. Users' files are only ever shown as pictures, sound or film: never as a page.
import { useRef } from "preact/hooks";
import { expiryOf, ownFile, unsigned, type Job, type File } from "./api";
import { Compare } from "./compare";
import { fileName, kindName } from "./format";
import { Icon } from "./icon";
import { isExport, outputsOf, taskOf } from "./jobs";
import { Player } from "./player";
import { Peaks, Waveform } from "./waveform";

interface Result {
    title: string;
    kind: string;
    url: string;
    file: File;
}

/// What is there already, and where.
function resultsOf(job: Job): Result[] {
    return outputsOf(job).flatMap((output) => {
        const file = taskOf(job, output, isExport)?.output;
        if (!file || !output.output) return [];
        const title = job.outputs ? (output.name ?? kindName(output.kind)) : "Output";
        return [{ title, kind: output.kind, url: output.output, file }];
    });
}

const PICTURES = /\.(jpe?g|png|webp|gif|avif|bmp)$/i;

/// The first address that was told of a file, as long as it holds: with another one of the same
/// file a player would begin anew.
function useSteady(address: string | null) {
    const held = useRef(address);
    const isSame = address && held.current && unsigned(address) === unsigned(held.current);
    if (!isSame || expiryOf(held.current) <= Date.now()) held.current = address;
    return held.current;
}

function Shown({ job, result }: { job: Job; result: Result }) {
    const source = useSteady(ownFile(result.url));
    const before = useSteady(ownFile(job.input));
    if (!source) {
        return (
            <p class="hint">
                It lies in a bucket, where this page does not reach: <code>{result.url}</code>
            </p>
        );
    }
    const name = fileName(result.url);
    if (result.kind === "image" && before && PICTURES.test(before) && PICTURES.test(source)) {
        return <Compare before={before} after={source} name={name} file={result.file} />;
    }
    if (result.file.kind === "waveform") {
        return <Peaks source={source} file={result.file} />;
    }
    if (result.file.kind === "audio") return <Waveform source={source} file={result.file} />;
    if (PICTURES.test(source)) {
        return (
            <img
                class="checkered"
                src={source}
                alt={`The output ${name}`}
                width={result.file.width ?? undefined}
                height={result.file.height ?? undefined}
            />
        );
    }
    return <Player source={source} file={result.file} />;
}

export const Output = ({ job }: { job: Job }) => (
    <>
        {resultsOf(job).map((result) => (
            <section class="card output" key={unsigned(result.url)}>
                <div class="title">
                    <h2>{result.title}</h2>
                    {ownFile(result.url) && !result.file.parts && (
                        <a
                            class="button"
                            href={ownFile(result.url)!}
                            download={fileName(result.url)}
                        >
                            <Icon name="open" />
                            Download
                        </a>
                    )}
                </div>
                <Shown job={job} result={result} />
            </section>
        ))}
    </>
);
