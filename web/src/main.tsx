import { effect } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Access } from "./access";
import { key, signedOut, signIn, signOut, tryKey } from "./api";
import { Icon } from "./icon";
import { useDrops } from "./drops";
import { Files } from "./files";
import { JobPage } from "./job_page";
import { hangUp, isLive, listen } from "./jobs";
import { forgetList, JobsPage } from "./jobs_page";
import { Keyboard } from "./keyboard";
import { NewJob } from "./new_job";
import { route } from "./route";
import { System } from "./system";
import { theme, toggleTheme } from "./theme";
import { Confirmation, Problem, Toasts } from "./ui";

const PAGES = [
    { page: "jobs", title: "Jobs", icon: "list" },
    { page: "new", title: "New job", icon: "plus" },
    { page: "files", title: "Files", icon: "file" },
    { page: "system", title: "System", icon: "gauge" },
    { page: "access", title: "Access", icon: "key" },
] as const;

function SignIn() {
    const [text, setText] = useState("");
    const [problem, setProblem] = useState(signedOut.value);
    const [isTrying, setTrying] = useState(false);
    const submit = async (event: Event) => {
        event.preventDefault();
        setTrying(true);
        await tryKey(text.trim()).then(
            () => signIn(text.trim()),
            (error: Error) => setProblem(error.message),
        );
        setTrying(false);
    };
    return (
        <main class="sign-in">
            <form onSubmit={submit}>
                <h1 class="mark">ittybit</h1>
                <label for="key">API key</label>
                <input
                    id="key"
                    type="password"
                    autocomplete="current-password"
                    value={text}
                    autofocus
                    required
                    onInput={(event) => setText(event.currentTarget.value)}
                />
                <Problem text={problem} />
                <button class="primary" disabled={isTrying}>
                    Sign in
                </button>
                <p class="hint">
                    The first key is in the file <code>first-key</code> in the server’s data folder.
                    This tab forgets the key when it is closed.
                </p>
            </form>
        </main>
    );
}

/// Who comes to another page is at its beginning, with the keyboard and a screen reader too.
function useArrival(page: string, id: string) {
    const isFirst = useRef(true);
    useEffect(() => {
        const title = PAGES.find((one) => one.page === page)?.title;
        document.title = title ? `${title} – ittybit` : "ittybit";
        if (!isFirst.current) document.getElementById("content")?.focus({ preventScroll: true });
        isFirst.current = false;
    }, [page, id]);
}

function Shell() {
    const { page, id } = route.value;
    const live = isLive.value;
    useEffect(() => listen(() => {}), []); // also on pages that show no job
    useArrival(page, id);
    useDrops();
    return (
        <>
            <a class="skip" href="#content" onClick={skip}>
                Skip to content
            </a>
            <header class="top">
                <a class="mark" href="#/jobs">
                    ittybit
                </a>
                <nav aria-label="Pages">
                    {PAGES.map((one) => (
                        <a
                            key={one.page}
                            href={`#/${one.page}`}
                            aria-current={one.page === page ? "page" : undefined}
                        >
                            <Icon name={one.icon} />
                            <span>{one.title}</span>
                        </a>
                    ))}
                </nav>
                <span class={live ? "live" : "live off"} role="status">
                    {live ? "Live" : "Connecting"}
                </span>
                <button
                    class="quiet"
                    type="button"
                    onClick={toggleTheme}
                    aria-label={theme.value === "dark" ? "Light colours" : "Dark colours"}
                >
                    <Icon name={theme.value === "dark" ? "sun" : "moon"} />
                </button>
                <button class="quiet" type="button" onClick={() => signOut()} aria-label="Sign out">
                    <Icon name="leave" />
                </button>
            </header>
            <main id="content" tabIndex={-1}>
                {page === "jobs" && (id ? <JobPage key={id} id={id} /> : <JobsPage />)}
                {page === "new" && <NewJob />}
                {page === "files" && <Files />}
                {page === "system" && <System />}
                {page === "access" && <Access />}
            </main>
            <Keyboard />
        </>
    );
}

function skip(event: Event) {
    event.preventDefault();
    document.getElementById("content")?.focus();
}

const App = () => (
    <>
        {key.value ? <Shell /> : <SignIn />}
        <Confirmation />
        <Toasts />
    </>
);

effect(() => {
    if (key.value) return;
    hangUp();
    forgetList();
});
render(<App />, document.getElementById("app")!);
