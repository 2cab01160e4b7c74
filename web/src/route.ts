// Which page is shown: what is behind # in the address, so that links and the browser's own way
// back work, and the server needs to know one page only.
import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);
addEventListener("hashchange", () => (hash.value = location.hash));

export interface Route {
    page: string; // "jobs", "new", "files", "system", "access"
    id: string;
    query: URLSearchParams;
}

export const route = computed<Route>(() => {
    const [path, query] = hash.value.replace(/^#\/?/, "").split("?");
    const [page, id] = path!.split("/");
    return {
        page: page || "jobs",
        id: id ?? "",
        query: new URLSearchParams(query),
    };
});

export const go = (to: string) => void (location.hash = to);

/// The same page with other parameters, which is no step to come back to.
export function replace(to: string) {
    history.replaceState(null, "", to);
    hash.value = to;
}
