// Asks the service. The key lies in this tab's session storage and goes into a header, never into a
// cookie: no other site can have a browser send it, so there is nothing to forge.
import { signal } from "@preact/signals";
import type { components } from "./openapi";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type JobOutput = Schemas["JobOutput"];
export type Task = Schemas["Task"];
export type File = Schemas["File"];
export type Failure = Schemas["Failure"];
export type Connection = Schemas["Connection"];
export type ConnectionTest = Schemas["ConnectionTest"];
export type Delivery = Schemas["Delivery"];
export type StoredFile = Schemas["StoredFile"];
export type Health = Schemas["Health"];
export type Key = Schemas["Key"];
export type NewKey = Schemas["NewKey"];
export type Worker = Schemas["Worker"];
export type Status = Job["status"];

export interface Refusal {
    kind: string;
    message: string;
    errors?: { kind: string; field: string; message: string }[];
}

/// What the service answered when it did not do what was asked.
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly refusal: Refusal,
    ) {
        super(refusal.message);
    }
}

/// What is refused would be again.
export const isRefused = ({ status }: ApiError) => status >= 400 && status < 500 && status !== 429;

const STORED = "ittybit-key";
const PATIENCE_MS = 30_000;

export const key = signal(sessionStorage.getItem(STORED) ?? "");
/// Why one has to sign in again; "" where nobody was signed out.
export const signedOut = signal("");

export function signIn(text: string) {
    sessionStorage.setItem(STORED, text);
    signedOut.value = "";
    key.value = text;
}

export function signOut(why = "") {
    sessionStorage.removeItem(STORED);
    signedOut.value = why;
    key.value = "";
}

/// An address of the service, also where a proxy has put us below a path.
export const address = (path: string) => new URL(path || ".", document.baseURI).href;

const authorization = () => ({ Authorization: `Bearer ${key.value}` });

async function refusalOf(answer: Response): Promise<ApiError> {
    const told = await answer.json().catch(() => null);
    const message =
        answer.status === 413
            ? "something before the server takes no requests of this size: it needs another limit"
            : `the server answered ${answer.status}`;
    return new ApiError(answer.status, told?.message ? told : { kind: "unavailable", message });
}

function unreachable() {
    const message = "the server cannot be reached: is it running?";
    return new ApiError(0, { kind: "unreachable", message });
}

/// A 401 signs out, and what only asks ends after a while. Throws ApiError.
export async function send(method: string, path: string, init: RequestInit = {}) {
    const asked = key.value;
    const headers = { ...authorization(), ...init.headers };
    const signal = method === "GET" ? AbortSignal.timeout(PATIENCE_MS) : null;
    const answer = await fetch(address(path), { signal, ...init, method, headers }).catch(
        (error) => {
            if (error.name === "AbortError") throw error;
            throw unreachable();
        },
    );
    return accepted(answer, asked);
}

async function accepted(answer: Response, asked: string) {
    if (answer.ok) return answer;
    const error = await refusalOf(answer);
    if (answer.status === 401 && asked === key.value && asked) {
        signOut("This key is not known any more.");
    }
    throw error;
}

export function strange(answer: Response) {
    const message = "the answer is not the service’s: does something in between answer for it?";
    return new ApiError(answer.status, { kind: "unavailable", message });
}

export async function contentOf<T>(answer: Response): Promise<T> {
    return answer.json().catch(() => {
        throw strange(answer);
    });
}

export const get = async <T>(path: string) => contentOf<T>(await send("GET", path));

export async function post<T>(path: string, body: unknown = {}) {
    const headers = { "Content-Type": "application/json" };
    return contentOf<T>(await send("POST", path, { body: JSON.stringify(body), headers }));
}

export const remove = (path: string) => send("DELETE", path);

/// Where the next page of a list begins; null at its end.
export function nextPage(answer: Response): string | null {
    if (answer.headers.get("Has-More") !== "true") return null;
    const link = answer.headers.get("Link")?.match(/<([^>]*)>; rel="next"/);
    return link ? new URL(link[1]!, document.baseURI).searchParams.get("after") : null;
}

/// Whether the service takes this key. Throws ApiError where it does not.
export async function tryKey(text: string) {
    const headers = { Authorization: `Bearer ${text}` };
    await send("GET", "jobs?limit=1", { headers });
}

interface Bytes {
    body: Blob;
    headers: Record<string, string>;
    told: (gone: number) => void;
    stop: AbortSignal;
}

/// By XMLHttpRequest: fetch does not tell how much is gone.
function transfer(method: string, path: string, { body, headers, told, stop }: Bytes) {
    return new Promise<XMLHttpRequest>((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open(method, address(path));
        for (const [name, value] of Object.entries({ ...authorization(), ...headers })) {
            request.setRequestHeader(name, value);
        }
        request.upload.onprogress = (event) => told(event.loaded);
        request.onload = () => resolve(request);
        request.onerror = () => reject(unreachable());
        request.onabort = () => reject(stop.reason);
        stop.onabort = () => request.abort();
        request.send(body);
    });
}

/// As send, telling how many bytes are gone. Throws ApiError, or the reason of `stop`.
export async function sendBytes(method: string, path: string, bytes: Bytes) {
    const asked = key.value;
    const request = await transfer(method, path, bytes);
    const { responseText, status } = request;
    const lines = request.getAllResponseHeaders().matchAll(/^(.+?): (.*)\r$/gm);
    const headers = [...lines].map(([, name, value]): [string, string] => [name!, value!]);
    return accepted(new Response(responseText || null, { status, headers }), asked);
}

const SIGNATURE = /(\/files\/[0-9a-f]{32})~(\d+)~[0-9a-f]+(?=\/)/;

/// When a signed address expires, in Unix milliseconds; others never do.
export const expiryOf = (url: string | null) =>
    1000 * Number(url?.match(SIGNATURE)?.[2] ?? Infinity);

/// The same without its signature, which is another one from answer to answer.
export const unsigned = (url: string) => url.replace(SIGNATURE, "$1");

/// One of our own files as this page may load it, whatever name the service is reached by; null for
/// what is elsewhere.
export function ownFile(url: string | null | undefined): string | null {
    const path = url?.match(/^https?:\/\/[^?#]*?\/(files\/[0-9a-f]{32}[~0-9a-f]*\/[^?#]+)$/);
    return path ? address(path[1]!) : null;
}
