// The result itself. Users' files are only ever shown as pictures, sound or film: never as a page.
import { ownFile, type Job, type File } from "./api";
import { Compare } from "./compare";
import { fileName } from "./format";
import { Icon } from "./icon";
import { isWork } from "./jobs";
import { Player } from "./player";
import { Waveform } from "./waveform";

interface Result {
    id: string;
    kind: string;
    url: string;
    file: File;
}

/// Of each output: what was made, and where it is.
function resultsOf(job: Job): Result[] {
    const works = job.tasks.filter(isWork);
    const exports = job.tasks.filter((task) => task.kind === "export");
    return exports.flatMap((task, at) => {
        const file = task.output;
        const url = file?.url ?? (exports.length === 1 ? job.output : null);
        return file && url ? [{ id: task.id, kind: works[at]?.kind ?? job.kind, url, file }] : [];
    });
}

const PICTURES = /\.(jpe?g|png|webp|gif|avif|bmp)$/i;

function Shown({ job, result }: { job: Job; result: Result }) {
    const source = ownFile(result.url);
    if (!source) {
        return (
            <p class="hint">
                It lies in a bucket, where this page does not reach: <code>{result.url}</code>
            </p>
        );
    }
    const name = fileName(result.url);
    const before = ownFile(job.input);
    if (result.kind === "image" && before && PICTURES.test(before) && PICTURES.test(source)) {
        return <Compare before={before} after={source} name={name} file={result.file} />;
    }
    if (result.kind === "audio") return <Waveform source={source} file={result.file} />;
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
            <section class="card output" key={result.id}>
                <div class="title">
                    <h2>Output</h2>
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
