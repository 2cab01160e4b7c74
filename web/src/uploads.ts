// Sends files by the tus protocol (docs/service.md, "Uploads that can be resumed"): what the line,
// the server or a reload of the page cut off goes on from the bytes that the server has.
import { signal } from "@preact/signals";
import { ApiError, remove, send, sendBytes, strange } from "./api";

const FOLDER = "uploads/resumable";
const TUS = { "Tus-Resumable": "1.0.0" };
const STORED = "ittybit-uploads";
const KEPT_MS = 86_400_000; // as long as the server keeps one after its last byte
const PIECE = 32 << 20; // bytes a request: some proxies hold one back until it is whole
const PAUSES_S = [1, 2, 4, 8, 15, 30, 60]; // between tries that bring nothing
const LOCKED = 423; // all is there, and becomes one file, however long that takes
const LOCKED_S = 2;

/// An upload whose job is not made yet.
interface Begun {
    name: string;
    url: string;
    at: number;
}

/// `trouble`: why it does not go on at the moment.
type Told = (sent: number, trouble?: string) => void;

function load(): Record<string, Begun> {
    const all = Object.entries<Begun>(JSON.parse(localStorage.getItem(STORED) ?? "{}"));
    return Object.fromEntries(all.filter(([, one]) => one.at > Date.now() - KEPT_MS));
}

/// By the prints of their files. Other tabs begin some too: each change reads them anew.
export const begun = signal(load());
addEventListener("storage", () => (begun.value = load()));

/// What tells one file from another.
export const printOf = (file: File) =>
    JSON.stringify([file.name, file.size, file.lastModified, file.type]);

function keep(print: string, one?: Begun) {
    const { [print]: _, ...others } = load();
    begun.value = one ? { ...others, [print]: one } : others;
    localStorage.setItem(STORED, JSON.stringify(begun.value));
}

const keepOf = (file: File, url: string) =>
    keep(printOf(file), { name: file.name, url, at: Date.now() });

export const forget = (print: string) => keep(print);

/// Under the name that this page has the service by, which need not be the upload's.
const pathOf = (url: string) => url.slice(url.indexOf(FOLDER));

const lockOf = (print: string) => `ittybit-upload ${print}`;

/// Does it while no other tab sends the file. All tabs see who has such a lock, and a closed tab
/// loses its own. (A page of plain http that is not of this machine has no locks.)
async function asItsSender(print: string, signal: AbortSignal, act: () => Promise<string>) {
    if (!("locks" in navigator)) return act();
    return await navigator.locks.request(lockOf(print), { signal }, act);
}

/// The prints of those that some tab sends at the moment.
export async function underWay(): Promise<string[]> {
    if (!("locks" in navigator)) return [];
    const { held } = await navigator.locks.query();
    const names = new Set(held?.map(({ name }) => name));
    return Object.keys(begun.value).filter((print) => names.has(lockOf(print)));
}

async function begin(file: File) {
    const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name)));
    const headers = {
        ...TUS,
        "Upload-Length": String(file.size),
        "Upload-Metadata": `filename ${name}`,
    };
    const answer = await send("POST", FOLDER, { headers });
    const url = answer.headers.get("Location");
    if (!url) throw strange(answer);
    keepOf(file, url);
    return { url, sent: 0 };
}

function sentOf(answer: Response) {
    const sent = answer.headers.get("Upload-Offset");
    if (sent === null) throw strange(answer);
    return Number(sent);
}

/// The upload that a file has begun, and how much of it is there. Throws ApiError.
export async function find(file: File, signal: AbortSignal | null = null) {
    const url = load()[printOf(file)]?.url;
    if (!url) return null;
    try {
        const answer = await send("HEAD", pathOf(url), { headers: TUS, signal });
        return { url, sent: sentOf(answer) };
    } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
        forget(printOf(file));
        return null;
    }
}

async function sendRest(file: File, told: Told, arrived: Told, stop: AbortSignal) {
    const upload = (await find(file, stop)) ?? (await begin(file));
    for (;;) {
        arrived(upload.sent);
        stop.throwIfAborted();
        if (upload.sent >= file.size) return upload.url;
        const answer = await sendBytes("PATCH", pathOf(upload.url), {
            body: file.slice(upload.sent, upload.sent + PIECE),
            headers: {
                ...TUS,
                "Content-Type": "application/offset+octet-stream",
                "Upload-Offset": String(upload.sent),
            },
            told: (gone) => told(upload.sent + gone),
            stop,
        });
        upload.sent = sentOf(answer);
        keepOf(file, upload.url);
    }
}

/// Whether it may be over soon: the line, a server that starts again, a proxy, another tab.
const isPassing = ({ status }: ApiError) =>
    [0, 408, 409, 429].includes(status) || (status >= 500 && status !== 507);

/// Or until the line is there again.
function pause(seconds: number, stop: AbortSignal) {
    return new Promise<void>((resolve, reject) => {
        setTimeout(resolve, 1000 * seconds);
        addEventListener("online", () => resolve(), { once: true });
        stop.onabort = () => reject(stop.reason);
    });
}

async function checkReadable(file: File) {
    await file
        .slice(0, 1)
        .arrayBuffer()
        .catch(() => {
            const message = `${file.name} cannot be read any more: choose it again`;
            throw new ApiError(0, { kind: "unreadable", message });
        });
}

/// Sends what the server does not have of a file, through troubles of about two minutes, once no
/// other tab does; gives the address that can be an input. Throws ApiError, or what `stop` tells.
export const upload = (file: File, told: Told, stop: AbortSignal) =>
    asItsSender(printOf(file), stop, () => sendAll(file, told, stop));

async function sendAll(file: File, told: Told, stop: AbortSignal) {
    let furthest = 0;
    let tries = 0;
    const arrived = (sent: number) => {
        if (sent > furthest) tries = 0;
        furthest = Math.max(furthest, sent);
        told(sent);
    };
    for (;;) {
        try {
            return await sendRest(file, told, arrived, stop);
        } catch (error) {
            if (!(error instanceof ApiError)) throw error;
            if (error.status === LOCKED) {
                await pause(LOCKED_S, stop);
                continue;
            }
            if (!isPassing(error)) throw error;
            await checkReadable(file);
            if (tries === PAUSES_S.length) {
                const message = `cut off (${error.message}): try again, and it goes on`;
                throw new ApiError(error.status, { ...error.refusal, message });
            }
            told(furthest, error.message);
            await pause(PAUSES_S[tries++]!, stop);
        }
    }
}

/// Nothing of an upload stays on the server. Throws ApiError.
export async function giveUp(print: string) {
    const url = load()[print]?.url;
    if (!url) return;
    const path = pathOf(url);
    await send("DELETE", path, { headers: TUS })
        .catch((error: ApiError) => {
            if (error.status !== 400) throw error;
            return remove(`files/${path.split("/")[2]}`); // it is whole
        })
        .catch((error: ApiError) => {
            if (error.status !== 404) throw error; // else it is gone already
        });
    forget(print); // not before: what could not be done is done again
}
