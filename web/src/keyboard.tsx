// Keys that work on every page; "?" tells them.
import { useEffect, useState } from "preact/hooks";
import { go } from "./route";
import { Dialog } from "./ui";

const KEYS: [string, string][] = [
    ["n", "New job"],
    ["g j", "Jobs"],
    ["g s", "System"],
    ["g a", "Access"],
    ["/", "Search"],
    ["j  k", "Next and previous job"],
    ["x", "Select a job"],
    ["Enter", "Open a job"],
    ["?", "This list"],
];
const PAGES: Record<string, string> = { j: "#/jobs", s: "#/system", a: "#/access" };

const isTyping = (event: KeyboardEvent) =>
    (event.target as Element).closest("input, textarea, select, dialog") !== null ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey;

/// Moves among the rows of the list, which are all in the order of the page.
function step(by: number) {
    const links = [...document.querySelectorAll<HTMLElement>("[data-row]")];
    const at = links.indexOf(document.activeElement as HTMLElement);
    links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
}

function press(key: string) {
    const focused = document.activeElement;
    if (key === "n") go("#/new");
    else if (key === "/") document.querySelector<HTMLElement>("[data-search]")?.focus();
    else if (key === "j") step(1);
    else if (key === "k") step(-1);
    else if (key === "x") {
        focused?.closest(".row")?.querySelector<HTMLElement>("input")?.click();
    } else return false;
    return true;
}

export function Keyboard() {
    const [isOpen, setOpen] = useState(false);
    useEffect(() => {
        let before = "";
        const hear = (event: KeyboardEvent) => {
            if (isTyping(event)) return;
            const page = before === "g" ? PAGES[event.key] : undefined;
            before = event.key;
            if (page) go(page);
            else if (event.key === "?") setOpen(true);
            else if (!press(event.key)) return;
            event.preventDefault();
        };
        addEventListener("keydown", hear);
        return () => removeEventListener("keydown", hear);
    }, []);
    if (!isOpen) return null;
    return (
        <Dialog title="Keys" close={() => setOpen(false)}>
            <dl class="keys">
                {KEYS.map(([key, what]) => (
                    <div key={key}>
                        <dt>
                            <kbd>{key}</kbd>
                        </dt>
                        <dd>{what}</dd>
                    </div>
                ))}
            </dl>
            <form method="dialog" class="actions end">
                <button>Close</button>
            </form>
        </Dialog>
    );
}
