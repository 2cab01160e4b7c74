// Credentials for buckets: what is typed here is never shown again.
import { useEffect, useState } from "preact/hooks";
import { get, post, remove, type Connection, type ConnectionTest } from "./api";
import { Icon } from "./icon";
import { attempt, confirm, Problem, say } from "./ui";

const FIELDS: [name: string, title: string, placeholder: string, isRequired: boolean][] = [
    ["name", "Name", "what jobs call it", true],
    ["endpoint", "Endpoint", "AWS S3", false],
    ["region", "Region", "us-east-1", false],
    ["access_key_id", "Access key id", "", true],
    ["secret_access_key", "Secret access key", "", true],
    ["session_token", "Session token", "none", false],
];

function NewConnection({ made }: { made: () => void }) {
    const [values, setValues] = useState<Record<string, string>>({});
    const [isDefault, setDefault] = useState(false);
    const [isPathStyle, setPathStyle] = useState(false);
    const [problem, setProblem] = useState("");
    const submit = async (event: Event) => {
        event.preventDefault();
        const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
        const path = isPathStyle ? { path_style: true } : {};
        try {
            await post("connections", { kind: "s3", ...given, ...path, is_default: isDefault });
            say("The connection is kept");
            made();
        } catch (error) {
            setProblem((error as Error).message);
        }
    };
    return (
        <form class="options" onSubmit={submit}>
            {FIELDS.map(([name, title, placeholder, isRequired]) => (
                <label class="field" key={name}>
                    <span>{title}</span>
                    <input
                        type={/secret|token/.test(name) ? "password" : "text"}
                        autocomplete="off"
                        value={values[name] ?? ""}
                        placeholder={placeholder}
                        required={isRequired}
                        onInput={(event) =>
                            setValues({ ...values, [name]: event.currentTarget.value })
                        }
                    />
                </label>
            ))}
            <label class="tick">
                <input
                    type="checkbox"
                    checked={isPathStyle}
                    onChange={(event) => setPathStyle(event.currentTarget.checked)}
                />
                Bucket in the path, not the host
            </label>
            <label class="tick">
                <input
                    type="checkbox"
                    checked={isDefault}
                    onChange={(event) => setDefault(event.currentTarget.checked)}
                />
                Used where a job names none
            </label>
            <Problem text={problem} />
            <button class="primary">Keep the connection</button>
        </form>
    );
}

function Entry({ connection, changed }: { connection: Connection; changed: () => void }) {
    const [told, setTold] = useState<ConnectionTest | null>(null);
    const [isTrying, setTrying] = useState(false);
    const test = async () => {
        setTrying(true);
        await attempt(async () =>
            setTold(await post<ConnectionTest>(`connections/${connection.id}/test`)),
        );
        setTrying(false);
    };
    const erase = async () => {
        const text = "Jobs that still need it will fail.";
        if (!(await confirm(`Delete ${connection.name}?`, text, "Delete"))) return;
        await attempt(() => remove(`connections/${connection.id}`), "Deleted");
        changed();
    };
    return (
        <li>
            <div>
                <b>{connection.name}</b>
                <code>
                    {connection.endpoint || "AWS S3"}, {connection.region}
                </code>
                {connection.is_default && <em>default</em>}
            </div>
            <button
                type="button"
                disabled={isTrying}
                onClick={() => void test()}
                aria-label={`Test ${connection.name}`}
            >
                {isTrying ? "Testing…" : "Test"}
            </button>
            <button
                type="button"
                onClick={() => void erase()}
                aria-label={`Delete ${connection.name}`}
            >
                Delete
            </button>
            {told && (
                <p class={told.ok ? "note good" : "note bad"} role="status">
                    {told.message}
                </p>
            )}
        </li>
    );
}

export function Connections() {
    const [connections, setConnections] = useState<Connection[] | null>(null);
    const [isOpen, setOpen] = useState(false);
    const load = () =>
        attempt(async () => setConnections(await get<Connection[]>("connections?limit=100")));
    useEffect(() => void load(), []);
    const made = () => {
        setOpen(false);
        void load();
    };
    return (
        <section class="card">
            <h2>Connections to S3</h2>
            {connections?.length === 0 && (
                <p class="hint">Without one, results are kept on this server.</p>
            )}
            <ul class="entries">
                {connections?.map((one) => (
                    <Entry key={one.id} connection={one} changed={() => void load()} />
                ))}
            </ul>
            {isOpen ? (
                <NewConnection made={made} />
            ) : (
                <button type="button" onClick={() => setOpen(true)}>
                    <Icon name="plus" />
                    New connection
                </button>
            )}
        </section>
    );
}
