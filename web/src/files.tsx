// What the service stores, and how much room it takes.
import { useEffect, useRef, useState } from "preact/hooks";
import { contentOf, nextPage, ownFile, remove, send, type StoredFile } from "./api";
import { ago, bytes, moment } from "./format";
import { Icon } from "./icon";
import { attempt, confirm, now, say } from "./ui";

const ROLES = { output: "Output", upload: "Upload", import: "Import" };
type Role = keyof typeof ROLES;

function Row({ file, erase }: { file: StoredFile; erase: () => void }) {
    return (
        <tr>
            <th scope="row">
                <a href={ownFile(file.url) ?? file.url} target="_blank" rel="noreferrer noopener">
                    {file.name}
                </a>
                {file.job && <a href={`#/jobs/${file.job}`}>its job</a>}
            </th>
            <td>{ROLES[file.role]}</td>
            <td title={moment(file.created_at)}>{ago(file.created_at, now.value)}</td>
            <td class="number">{bytes(file.size)}</td>
            <td>
                <button
                    class="quiet small"
                    type="button"
                    onClick={erase}
                    aria-label={`Delete ${file.name}`}
                >
                    <Icon name="trash" />
                </button>
            </td>
        </tr>
    );
}

export function Files() {
    const [role, setRole] = useState<Role | "">("");
    const [files, setFiles] = useState<StoredFile[] | null>(null);
    const [next, setNext] = useState(""); // "" at the end, and while it is asked for
    const turn = useRef(0); // of loading: an answer that was overtaken is dropped
    const load = async (after = "") => {
        const mine = ++turn.current;
        setNext("");
        if (!after) setFiles(null);
        await attempt(async () => {
            const query = new URLSearchParams({ limit: "50", ...(role && { role }) });
            if (after) query.set("after", after);
            const answer = await send("GET", `files?${query}`);
            const page = await contentOf<StoredFile[]>(answer);
            if (mine !== turn.current) return;
            setFiles((earlier) => [...(earlier ?? []), ...page]);
            after = nextPage(answer) ?? "";
        });
        if (mine === turn.current) setNext(after);
    };
    useEffect(() => void load(), [role]);
    const erase = async (file: StoredFile) => {
        const text = "Its address ends, with all its parts. The job that made it stays.";
        if (!(await confirm(`Delete ${file.name}?`, text, "Delete"))) return;
        await attempt(async () => {
            await remove(`files/${file.id}`);
            say("Deleted");
            setFiles((all) => all && all.filter((one) => one.id !== file.id));
        });
    };
    return (
        <div class="page">
            <div class="title">
                <h1>Files</h1>
                <label class="inline">
                    Show
                    <select
                        value={role}
                        onChange={(event) => setRole(event.currentTarget.value as Role | "")}
                    >
                        <option value="">all</option>
                        {Object.entries(ROLES).map(([value, name]) => (
                            <option key={value} value={value}>
                                {name.toLowerCase()}s
                            </option>
                        ))}
                    </select>
                </label>
            </div>
            <section class="card">
                {files?.length === 0 && <p class="hint">None.</p>}
                {files && files.length > 0 && (
                    <table class="stored">
                        <thead>
                            <tr>
                                <th scope="col">Name</th>
                                <th scope="col">Kind</th>
                                <th scope="col">Stored</th>
                                <th scope="col" class="number">
                                    Size
                                </th>
                                <td />
                            </tr>
                        </thead>
                        <tbody>
                            {files.map((file) => (
                                <Row key={file.id} file={file} erase={() => void erase(file)} />
                            ))}
                        </tbody>
                    </table>
                )}
                {next && (
                    <button type="button" onClick={() => void load(next)}>
                        More
                    </button>
                )}
            </section>
        </div>
    );
}
