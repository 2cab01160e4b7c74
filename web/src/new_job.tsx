// A new job: an input, what it shall become, and how.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, post, type Connection, type Job, type Refusal } from "./api";
import { Code } from "./code";
import { bodyOf, type Wanted } from "./commands";
import { files, leaveOut } from "./drops";
import { Dropzone } from "./dropzone";
import { bytes, kindName } from "./format";
import { OptionForm } from "./option_form";
import { Places, type Place } from "./places";
import { go } from "./route";
import { kinds } from "./schema";
import { attempt, Bar, Problem, say } from "./ui";
import { forget, giveUp, printOf, upload } from "./uploads";

const ABOUT: Record<string, string> = {
    video: "A film that plays everywhere",
    audio: "The sound alone",
    image: "A picture, or one of a film",
    animation: "A short GIF or WebP",
    adaptive_video: "A stream in many sizes",
};

/// `file` null: the job is asked for.
interface Sending {
    file: File | null;
    sent: number;
    trouble: string;
}

const ASKING: Sending = { file: null, sent: 0, trouble: "" };
const CANCELLED = new DOMException("cancelled", "AbortError");

function Progress({ file, sent, trouble }: Sending) {
    if (!file) return <p>Asking</p>;
    return (
        <>
            <p class="breakable">Sending {file.name}</p>
            <Bar percent={(sent / file.size) * 100} label="Upload" />
            <p class="hint number">
                {bytes(sent)} of {bytes(file.size)}
                <span role="status">
                    {trouble && `. Cut off (${trouble}): it goes on by itself`}
                </span>
            </p>
        </>
    );
}

function Kinds({ kind, choose }: { kind: string; choose: (kind: string) => void }) {
    return (
        <fieldset class="kinds">
            <legend>It becomes</legend>
            {kinds().map((one) => (
                <label key={one} class={one === kind ? "chosen" : ""}>
                    <input
                        type="radio"
                        name="kind"
                        checked={one === kind}
                        onChange={() => choose(one)}
                    />
                    <b>{kindName(one)}</b>
                    <small>{ABOUT[one]}</small>
                </label>
            ))}
        </fieldset>
    );
}

/// What was refused, field by field, so that each stands where it is typed.
function problemsOf(refusal: Refusal | null): Record<string, string> {
    return Object.fromEntries((refusal?.errors ?? []).map((error) => [error.field, error.message]));
}

function useConnections() {
    const [connections, setConnections] = useState<Connection[]>([]);
    useEffect(() => {
        get<Connection[]>("connections?limit=100").then(setConnections, () => {});
    }, []);
    return connections;
}

export function NewJob() {
    const sent = files.value;
    const [url, setUrl] = useState("");
    const [kind, setKind] = useState("video");
    const [options, setOptions] = useState<Record<string, unknown>>({});
    const [place, setPlace] = useState<Place>({ metadata: [] });
    const [refusal, setRefusal] = useState<Refusal | null>(null);
    const [sending, setSending] = useState<Sending | null>(null);
    const stop = useRef(new AbortController());
    const connections = useConnections();
    useEffect(() => () => stop.current.abort(), []);

    const { metadata, ...places } = place;
    const wanted: Wanted = {
        input: sent.length ? "<url of the upload>" : url.trim() || "https://example.com/film.mp4",
        kind,
        options,
        ...places,
        metadata: Object.fromEntries(metadata.filter(([name]) => name)),
    };
    const problems = problemsOf(refusal);

    const make = (input: string) => post<Job>("jobs", bodyOf({ ...wanted, input }));
    /// What is made is left out: what is not can be tried again.
    const sendAll = async (signal: AbortSignal, made: Job[]) => {
        for (const file of sent) {
            signal.throwIfAborted();
            const told = (sent: number, trouble = "") => setSending({ file, sent, trouble });
            const input = await upload(file, told, signal).catch(async (error) => {
                if (signal.reason === CANCELLED) await attempt(() => giveUp(printOf(file)));
                throw error;
            });
            setSending(ASKING);
            made.push(await make(input));
            forget(printOf(file));
            leaveOut(file);
        }
        if (sent.length === 0) made.push(await make(url.trim()));
    };
    const submit = async (event: Event) => {
        event.preventDefault();
        setRefusal(null);
        setSending(ASKING);
        const { signal } = (stop.current = new AbortController());
        const made: Job[] = [];
        try {
            await sendAll(signal, made);
            if (!signal.aborted) go(made.length === 1 ? `#/jobs/${made[0]!.id}` : "#/jobs");
        } catch (error) {
            if (error instanceof ApiError) setRefusal(error.refusal);
        } finally {
            setSending(null);
            if (made.length)
                say(made.length === 1 ? "A job is made" : `${made.length} jobs are made`);
        }
    };
    const choose = (chosen: string) => {
        setKind(chosen);
        setOptions({});
        setRefusal(null);
    };
    const isReady = sent.length > 0 || url.trim() !== "";
    const size = sent.reduce((sum, file) => sum + file.size, 0);
    return (
        <form class="page new" onSubmit={submit}>
            <h1>New job</h1>
            <div class="columns">
                <div>
                    <Dropzone
                        url={url}
                        setUrl={setUrl}
                        isSending={sending !== null}
                        problem={problems.input}
                    />
                    <Kinds kind={kind} choose={choose} />
                    <OptionForm
                        kind={kind}
                        options={options}
                        change={setOptions}
                        problems={problems}
                    />
                    <Places
                        place={place}
                        change={setPlace}
                        connections={connections}
                        problems={problems}
                    />
                </div>
                <div class="aside">
                    <section class="card">
                        <h2>The same in a terminal</h2>
                        <Code wanted={wanted} />
                        <Problem text={refusal?.message ?? ""} />
                        {sending ? (
                            <div class="sending">
                                <Progress {...sending} />
                                <button type="button" onClick={() => stop.current.abort(CANCELLED)}>
                                    Cancel
                                </button>
                            </div>
                        ) : (
                            <button class="primary" disabled={!isReady}>
                                {sent.length > 1 ? `Make ${sent.length} jobs` : "Make the job"}
                                {size > 0 && <small>{bytes(size)}</small>}
                            </button>
                        )}
                    </section>
                </div>
            </div>
        </form>
    );
}
