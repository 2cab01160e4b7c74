// Files that a job is to be made of: dropped on any page, pasted, or chosen.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { go, route } from "./route";

export const files = signal<File[]>([]);
/// Something is held over the page.
export const isOver = signal(false);

export function add(more: Iterable<File> | null | undefined) {
    const fresh = [...(more ?? [])];
    if (fresh.length === 0) return;
    files.value = [...files.value, ...fresh];
    if (route.value.page !== "new") go("#/new");
}

export function leaveOut(file: File) {
    files.value = files.value.filter((other) => other !== file);
}

/// While this is drawn, the window takes what is dropped on it or pasted.
export function useDrops() {
    useEffect(() => {
        const stop = new AbortController();
        const on = <K extends keyof WindowEventMap>(
            name: K,
            hear: (event: WindowEventMap[K]) => void,
        ) => addEventListener(name, hear, { signal: stop.signal });
        on("dragover", (event) => {
            event.preventDefault();
            isOver.value = true;
        });
        on("dragleave", (event) => {
            if (event.relatedTarget === null) isOver.value = false;
        });
        on("drop", (event) => {
            event.preventDefault();
            isOver.value = false;
            add(event.dataTransfer?.files);
        });
        on("paste", (event) => add(event.clipboardData?.files));
        return () => stop.abort();
    }, []);
}
