// A list of the API that is shown page by page.
import { useEffect, useRef, useState } from "preact/hooks";
import { contentOf, nextPage, send } from "./api";
import { attempt } from "./ui";

const PAGE = "50";

/// Begins anew where `query` changes. `items` are nothing until the first page is there; `more` is
/// nothing at the end, and while a page is asked for.
export function usePages<T extends { id: string }>(list: string, query: Record<string, string>) {
    const [items, setItems] = useState<T[] | null>(null);
    const [next, setNext] = useState("");
    const turn = useRef(0); // of loading: an answer that was overtaken is dropped
    const load = async (after = "") => {
        const mine = ++turn.current;
        setNext("");
        await attempt(async () => {
            const words = new URLSearchParams({ limit: PAGE, ...query, ...(after && { after }) });
            const answer = await send("GET", `${list}?${words}`);
            const page = await contentOf<T[]>(answer);
            if (mine !== turn.current) return;
            setItems((earlier) => (after ? [...(earlier ?? []), ...page] : page));
            after = nextPage(answer) ?? "";
        });
        if (mine === turn.current) setNext(after);
    };
    useEffect(() => {
        setItems(null);
        void load();
    }, [list, JSON.stringify(query)]);
    return {
        items,
        more: next ? () => void load(next) : null,
        again: () => void load(),
        drop: (id: string) => setItems((all) => all && all.filter((one) => one.id !== id)),
    };
}
