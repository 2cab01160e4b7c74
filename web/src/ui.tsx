// Small things that all pages are made of.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icon";

const STATES: Record<string, string> = {
    queued: "Queued",
    waiting: "Waiting",
    processing: "Running",
    succeeded: "Done",
    failed: "Failed",
    cancelled: "Cancelled",
    pending: "Pending",
    delivered: "Delivered",
};
export const stateName = (status: string) => STATES[status] ?? status;

export const State = ({ status }: { status: string }) => (
    <span class={`state ${status}`}>{stateName(status)}</span>
);

/// `percent` null: it cannot be measured yet.
export function Bar({ percent, label }: { percent: number | null; label: string }) {
    const value = percent === null ? {} : { "aria-valuenow": Math.round(percent) };
    return (
        <div
            class="bar"
            role="progressbar"
            aria-label={label}
            aria-valuemin={0}
            aria-valuemax={100}
            {...value}
        >
            <div class={percent === null ? "busy" : ""} style={{ width: `${percent ?? 100}%` }} />
        </div>
    );
}

interface Told {
    id: number;
    text: string;
    isBad: boolean;
}
const told = signal<Told[]>([]);
let count = 0;

/// Says something for a few seconds, to screen readers too.
export function say(text: string, isBad = false) {
    const id = ++count;
    told.value = [...told.value.slice(-2), { id, text, isBad }];
    setTimeout(() => (told.value = told.value.filter((one) => one.id !== id)), isBad ? 9000 : 4000);
}

/// Does something that may fail, and says so then.
export async function attempt(action: () => Promise<unknown>, done = "") {
    try {
        await action();
        if (done) say(done);
    } catch (error) {
        say((error as Error).message, true);
    }
}

export const Toasts = () => (
    <div class="toasts" role="status" aria-live="polite">
        {told.value.map((one) => (
            <div key={one.id} class={one.isBad ? "toast bad" : "toast"}>
                {one.text}
            </div>
        ))}
    </div>
);

export async function copy(text: string) {
    await attempt(async () => {
        if (!navigator.clipboard)
            throw new Error("The browser copies only over HTTPS: select the text");
        await navigator.clipboard.writeText(text);
    }, "Copied");
}

export const Copy = ({ text, label }: { text: string; label: string }) => (
    <button
        class="quiet small"
        type="button"
        onClick={() => void copy(text)}
        aria-label={label}
        title={label}
    >
        <Icon name="copy" />
    </button>
);

interface DialogProps {
    title: string;
    close: () => void;
    children: ComponentChildren;
}

/// Keeps the keyboard inside, closes at Escape, and gives the focus back: the browser's own.
export function Dialog({ title, close, children }: DialogProps) {
    const element = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        const dialog = element.current!;
        dialog.showModal();
        return () => dialog.close();
    }, []);
    return (
        <dialog ref={element} onClose={close} aria-label={title}>
            <h2>{title}</h2>
            {children}
        </dialog>
    );
}

interface Question {
    title: string;
    text: string;
    verb: string;
    answer: (yes: boolean) => void;
}
const question = signal<Question | null>(null);

/// Asks before what cannot be undone.
export function confirm(title: string, text: string, verb: string) {
    return new Promise<boolean>((answer) => (question.value = { title, text, verb, answer }));
}

export function Confirmation() {
    const asked = question.value;
    if (!asked) return null;
    const settle = (yes: boolean) => {
        if (question.peek() !== asked) return; // its dialog closes after the answer too
        question.value = null;
        asked.answer(yes);
    };
    return (
        <Dialog title={asked.title} close={() => settle(false)}>
            <p>{asked.text}</p>
            <div class="actions end">
                <button type="button" onClick={() => settle(false)}>
                    Keep
                </button>
                <button type="button" class="danger" onClick={() => settle(true)}>
                    {asked.verb}
                </button>
            </div>
        </Dialog>
    );
}

/// The time, told every so often, so that ages stay true.
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1000);

export const Problem = ({ text }: { text: string }) =>
    text ? (
        <p class="problem" role="alert">
            {text}
        </p>
    ) : null;

interface ShowProps {
    value: string;
    options: Record<string, string>; // values and their names
    choose: (value: string) => void;
}

/// What a list is narrowed to, beside its heading.
export const Show = ({ value, options, choose }: ShowProps) => (
    <label class="inline">
        Show
        <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
            {Object.entries(options).map(([one, name]) => (
                <option key={one} value={one}>
                    {name}
                </option>
            ))}
        </select>
    </label>
);
