// Server-Sent Events by fetch: EventSource cannot send a key.
import { send } from "./api";

export interface ServerEvent {
    name: string;
    data: unknown;
}

const RETRY_MS = 2000;
const SILENCE_MS = 40_000; // a comment comes every 15 s

/// The events in what has come whole, and what is still to be completed.
function parse(text: string): [ServerEvent[], string] {
    const blocks = text.split("\n\n");
    const rest = blocks.pop()!;
    const events = blocks.flatMap((block) => {
        const lines = block.split("\n");
        const value = (name: string) =>
            lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = value("data");
        return data ? [{ name: value("event") ?? "message", data: JSON.parse(data) }] : [];
    });
    return [events, rest];
}

/// Until the stream ends, fails, or is silent for too long. `stop` is spent then.
async function read(path: string, heard: (events: ServerEvent[]) => void, stop: AbortController) {
    let silence = 0;
    const patience = () => {
        clearTimeout(silence);
        silence = window.setTimeout(() => stop.abort(), SILENCE_MS);
    };
    try {
        patience();
        const answer = await send("GET", path, { signal: stop.signal });
        const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (;;) {
            const { value, done } = await reader.read();
            if (done) break;
            patience();
            const [events, open] = parse(rest + value);
            rest = open;
            if (events.length) heard(events);
        }
    } finally {
        clearTimeout(silence);
        stop.abort(); // what is not read to its end holds one of the browser's connections
    }
}

/// Resolves when the tab is seen, at once if it is.
const seen = () =>
    new Promise<void>((resolve) => {
        if (!document.hidden) return resolve();
        document.addEventListener("visibilitychange", () => resolve(), { once: true });
    });

/// Hears events until it is told to end, and comes back when the stream breaks; `connected` is told
/// of both. A tab that nobody sees holds no stream: a browser has six connections to a server, for
/// all tabs together.
export function follow(
    path: string,
    heard: (events: ServerEvent[]) => void,
    connected: (is: boolean) => void,
) {
    let current = new AbortController();
    let isOver = false;
    const leave = () => document.hidden && current.abort();
    const live = (events: ServerEvent[]) => {
        connected(true);
        heard(events);
    };
    const run = async () => {
        while (!isOver) {
            await seen();
            if (isOver) break;
            current = new AbortController();
            await read(path, live, current).catch(() => {});
            connected(false);
            if (!document.hidden) await new Promise((resume) => setTimeout(resume, RETRY_MS));
        }
    };
    document.addEventListener("visibilitychange", leave);
    void run();
    return () => {
        isOver = true;
        current.abort();
        document.removeEventListener("visibilitychange", leave);
    };
}
