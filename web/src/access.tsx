// Who may use the service, and whose buckets it may use.
import { useEffect, useState } from "preact/hooks";
import { get, post, remove, type Key, type NewKey } from "./api";
import { Connections } from "./connections";
import { ago, moment } from "./format";
import { Icon } from "./icon";
import { attempt, confirm, Copy, now, say } from "./ui";

const SCOPES = {
    read: "see everything",
    create: "make and delete jobs and files too",
    admin: "do everything, also make keys",
};
const ENDS = { "": "never", "1d": "in a day", "30d": "in 30 days", "365d": "in a year" };

/// The greatest of its scopes, which includes the others.
const scopeOf = (key: Key) => key.scopes.at(-1)!;

/// What a key is bound to, in words.
function Bounds({ of }: { of: Key }) {
    const bounds = [
        `may ${SCOPES[scopeOf(of)]}`,
        of.expires_at && `${of.expires_at > now.value ? "ends" : "ended"} ${moment(of.expires_at)}`,
        of.rate_limit && `${of.rate_limit} requests a minute`,
        of.max_running && `${of.max_running} jobs at once`,
        of.last_used_at ? `used ${ago(of.last_used_at, now.value)}` : "never used",
    ];
    return <span class="muted">{bounds.filter(Boolean).join(", ")}</span>;
}

interface Choice {
    label: string;
    value: string;
    among: Record<string, string>;
    set: (value: string) => void;
}

const Choose = ({ label, value, among, set }: Choice) => (
    <label class="field">
        <span>{label}</span>
        <select value={value} onChange={(event) => set(event.currentTarget.value)}>
            {Object.entries(among).map(([name, meaning]) => (
                <option key={name} value={name}>
                    {meaning}
                </option>
            ))}
        </select>
    </label>
);

interface Amount {
    label: string;
    value: string;
    set: (value: string) => void;
}

const Limit = ({ label, value, set }: Amount) => (
    <label class="field">
        <span>{label}</span>
        <input
            type="number"
            min={1}
            max={1_000_000}
            value={value}
            placeholder="any number"
            onInput={(event) => set(event.currentTarget.value)}
        />
    </label>
);

const NOTHING = { name: "", scope: "create", ends: "", rate: "", running: "" };

function NewKeyForm({ made }: { made: (key: NewKey) => void }) {
    const [typed, setTyped] = useState(NOTHING);
    const change = (field: keyof typeof NOTHING) => (value: string) =>
        setTyped({ ...typed, [field]: value });
    const make = (event: Event) => {
        event.preventDefault();
        void attempt(async () => {
            const { name, scope, ends, rate, running } = typed;
            const key = await post<NewKey>("keys", {
                name: name.trim(),
                scopes: [scope],
                expires_in: ends || null,
                rate_limit: rate ? Number(rate) : null,
                max_running: running ? Number(running) : null,
            });
            setTyped(NOTHING);
            made(key);
        });
    };
    return (
        <form class="new-key" onSubmit={make}>
            <label class="field">
                <span>New key for</span>
                <input
                    value={typed.name}
                    required
                    maxLength={100}
                    placeholder="who, or what"
                    onInput={(event) => change("name")(event.currentTarget.value)}
                />
            </label>
            <Choose label="It may" value={typed.scope} among={SCOPES} set={change("scope")} />
            <Choose label="It ends" value={typed.ends} among={ENDS} set={change("ends")} />
            <Limit label="Requests a minute" value={typed.rate} set={change("rate")} />
            <Limit label="Jobs at once" value={typed.running} set={change("running")} />
            <button>
                <Icon name="plus" />
                Make a key
            </button>
        </form>
    );
}

function Keys() {
    const [keys, setKeys] = useState<Key[]>([]);
    const [made, setMade] = useState<NewKey | null>(null);
    const load = () => attempt(async () => setKeys(await get<Key[]>("keys")));
    useEffect(() => void load(), []);
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
                            <code title={`Made ${moment(key.created_at)}`}>{key.hint}…</code>
                            <Bounds of={key} />
                        </div>
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
            <NewKeyForm
                made={(key) => {
                    setMade(key);
                    void load();
                }}
            />
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
