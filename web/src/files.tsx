// What the service stores, and how much room it takes.
import { useState } from "preact/hooks";
import { ownFile, remove, type StoredFile } from "./api";
import { ago, bytes, moment } from "./format";
import { Icon } from "./icon";
import { usePages } from "./pages";
import { attempt, confirm, now, say, Show } from "./ui";

const ROLES = { output: "Output", upload: "Upload", import: "Import" };
const SHOWN = { "": "all", output: "outputs", upload: "uploads", import: "imports" };

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
    const [role, setRole] = useState("");
    const { items: files, more, drop } = usePages<StoredFile>("files", role ? { role } : {});
    const erase = async (file: StoredFile) => {
        const text = "Its address ends, with all its parts. The job that made it stays.";
        if (!(await confirm(`Delete ${file.name}?`, text, "Delete"))) return;
        await attempt(async () => {
            await remove(`files/${file.id}`);
            say("Deleted");
            drop(file.id);
        });
    };
    return (
        <div class="page">
            <div class="title">
                <h1>Files</h1>
                <Show value={role} options={SHOWN} choose={setRole} />
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
                {more && (
                    <button type="button" onClick={more}>
                        More
                    </button>
                )}
            </section>
        </div>
    );
}
