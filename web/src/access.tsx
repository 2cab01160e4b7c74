// Who may use the service, and whose buckets it may use.
import { useEffect, useState } from "preact/hooks";
import { get, post, remove, type Key, type NewKey } from "./api";
import { Connections } from "./connections";
import { moment } from "./format";
import { Icon } from "./icon";
import { attempt, confirm, Copy, say } from "./ui";

function Keys() {
    const [keys, setKeys] = useState<Key[]>([]);
    const [name, setName] = useState("");
    const [made, setMade] = useState<NewKey | null>(null);
    const load = () => attempt(async () => setKeys(await get<Key[]>("keys")));
    useEffect(() => void load(), []);
    const make = (event: Event) => {
        event.preventDefault();
        void attempt(async () => {
            setMade(await post<NewKey>("keys", { name: name.trim() }));
            setName("");
            await load();
        });
    };
    const revoke = async (key: Key) => {
        const text = `Who uses ${key.hint}… is refused within a second; you too, if it is yours.`;
        if (!(await confirm(`Revoke ${key.name}?`, text, "Revoke"))) return;
        await attempt(async () => {
            await remove(`keys/${key.id}`);
            say("Revoked");
            if (made?.id === key.id) setMade(null);
            await load();
        });
    };
    return (
        <section class="card">
            <h2>API keys</h2>
            <ul class="entries">
                {keys.map((key) => (
                    <li key={key.id}>
                        <div>
                            <b>{key.name}</b>
                            <code>{key.hint}…</code>
                        </div>
                        <span class="muted">{moment(key.created_at)}</span>
                        <button
                            type="button"
                            onClick={() => void revoke(key)}
                            aria-label={`Revoke ${key.name}`}
                        >
                            Revoke
                        </button>
                    </li>
                ))}
            </ul>
            {made && (
                <div class="note" role="status">
                    <h3>The key of {made.name}</h3>
                    <p class="secret">
                        <code>{made.key}</code>
                        <Copy text={made.key} label="Copy the key" />
                    </p>
                    <p>It is shown now and never again.</p>
                </div>
            )}
            <form class="line" onSubmit={make}>
                <label class="field">
                    <span>New key for</span>
                    <input
                        value={name}
                        required
                        maxLength={100}
                        placeholder="who, or what"
                        onInput={(event) => setName(event.currentTarget.value)}
                    />
                </label>
                <button>
                    <Icon name="plus" />
                    Make a key
                </button>
            </form>
        </section>
    );
}

export const Access = () => (
    <div class="page">
        <h1>Access</h1>
        <div class="halves">
            <Keys />
            <Connections />
        </div>
    </div>
);
