// Where the result goes, and who hears of it: all of it may be left alone.
import type { Connection } from "./api";
import { Icon } from "./icon";

const OUTPUT_HELP =
    "s3://bucket/key, which may hold {date}, {filename}, {kind}, {format} and {id}; " +
    "the server keeps the result when this is empty.";

export interface Place {
    output?: string;
    connection?: string;
    webhook_url?: string;
    priority?: number;
    metadata: [string, string][];
}

interface Props {
    place: Place;
    change: (place: Place) => void;
    connections: Connection[];
    problems: Record<string, string>;
}

interface TextProps {
    name: "output" | "webhook_url";
    title: string;
    help: string;
    props: Props;
}

function Text({ name, title, help, props: { place, change, problems } }: TextProps) {
    return (
        <div class="field">
            <label for={name}>{title}</label>
            <input
                id={name}
                type="text"
                value={place[name] ?? ""}
                spellcheck={false}
                aria-describedby={`${name}-help`}
                onInput={(event) => change({ ...place, [name]: event.currentTarget.value })}
            />
            <small id={`${name}-help`}>{help}</small>
            {problems[name] && <small class="problem">{problems[name]}</small>}
        </div>
    );
}

function Metadata({ place, change }: Props) {
    const rows = place.metadata;
    const set = (metadata: [string, string][]) => change({ ...place, metadata });
    const edit = (at: number, part: 0 | 1, text: string) =>
        set(
            rows.map((row, other) =>
                other === at ? (part ? [row[0], text] : [text, row[1]]) : row,
            ),
        );
    return (
        <div class="field metadata">
            <span>Metadata</span>
            {rows.map(([name, value], at) => (
                <div class="pair" key={at}>
                    <input
                        value={name}
                        aria-label="Name"
                        placeholder="name"
                        onInput={(event) => edit(at, 0, event.currentTarget.value)}
                    />
                    <input
                        value={value}
                        aria-label={`Value of ${name || "it"}`}
                        placeholder="value"
                        onInput={(event) => edit(at, 1, event.currentTarget.value)}
                    />
                    <button
                        type="button"
                        class="quiet small"
                        aria-label={`Remove ${name || "it"}`}
                        onClick={() => set(rows.filter((_, other) => other !== at))}
                    >
                        <Icon name="close" />
                    </button>
                </div>
            ))}
            <button type="button" onClick={() => set([...rows, ["", ""]])}>
                <Icon name="plus" />
                Add
            </button>
        </div>
    );
}

export function Places(props: Props) {
    const { place, change, connections } = props;
    return (
        <details class="places">
            <summary>Destination, webhook, metadata</summary>
            <div class="options">
                <Text name="output" title="Output" props={props} help={OUTPUT_HELP} />
                <div class="field">
                    <label for="connection">Connection</label>
                    <select
                        id="connection"
                        value={place.connection ?? ""}
                        onChange={(event) =>
                            change({ ...place, connection: event.currentTarget.value })
                        }
                    >
                        <option value="">Default</option>
                        {connections.map((one) => (
                            <option key={one.id} value={one.name}>
                                {one.name}
                            </option>
                        ))}
                    </select>
                    <small>Whose credentials open the bucket.</small>
                </div>
                <Text
                    name="webhook_url"
                    title="Webhook"
                    props={props}
                    help="Where the finished job is POSTed."
                />
                <div class="field">
                    <label for="priority">Priority</label>
                    <input
                        id="priority"
                        type="number"
                        min={-10}
                        max={10}
                        value={place.priority ?? ""}
                        placeholder="0"
                        onInput={(event) => {
                            const text = event.currentTarget.value;
                            change({ ...place, priority: text ? Number(text) : undefined });
                        }}
                    />
                    <small>−10 to 10; higher first among what waits.</small>
                </div>
                <Metadata {...props} />
            </div>
        </details>
    );
}
