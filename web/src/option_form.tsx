// A form for the options of a kind, made from the schema that the service gives.
import { useState } from "preact/hooks";
import { optionsOf, type Property } from "./schema";

type Options = Record<string, unknown>;

interface FieldProps {
    name: string;
    property: Property;
    value: unknown;
    set: (value: unknown) => void;
    problem: string | undefined;
}

const typesOf = (property: Property) => [property.type ?? []].flat();
const words = (name: string) => name.replace(/_/g, " ");

/// "No audio" of no_audio.
const label = (name: string) =>
    name === "fps" ? "FPS" : name[0]!.toUpperCase() + words(name.slice(1));

/// A description, in which code stands between backticks.
const Described = ({ text }: { text: string }) => (
    <>{text.split("`").map((piece, at) => (at % 2 ? <code key={at}>{piece}</code> : piece))}</>
);

/// What was typed, as the type that the option has; undefined where nothing was.
function read(text: string, property: Property): unknown {
    if (text === "") return undefined;
    const types = typesOf(property);
    const isNumeric = types.includes("integer") || types.includes("number");
    if (isNumeric && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
    if (types.includes("array") || types.includes("object")) {
        try {
            return JSON.parse(text);
        } catch {
            return text;
        }
    }
    return text;
}

const shown = (value: unknown) =>
    value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

/// What was typed stays as it was typed while it means the value: "1.0" may become 1.05.
function Input({ id, name, property, value, set, problem }: FieldProps & { id: string }) {
    const [typed, setTyped] = useState("");
    const common = {
        id,
        name,
        "aria-describedby": `${id}-help`,
        "aria-invalid": problem !== undefined,
    };
    if (property.enum) {
        return (
            <select
                {...common}
                value={shown(value)}
                onChange={(event) => set(event.currentTarget.value || undefined)}
            >
                <option value="">Default</option>
                {property.enum.map((word) => (
                    <option key={word} value={word}>
                        {words(word)}
                    </option>
                ))}
            </select>
        );
    }
    const types = typesOf(property);
    const isNumber = (types.includes("integer") || types.includes("number")) && types.length === 1;
    return (
        <input
            {...common}
            type={isNumber ? "number" : "text"}
            value={shown(read(typed, property)) === shown(value) ? typed : shown(value)}
            spellcheck={false}
            min={property.minimum}
            max={property.maximum}
            step={types.includes("number") ? "any" : 1}
            pattern={isNumber ? undefined : property.pattern && `\\d+|${property.pattern}`}
            placeholder={property.pattern?.startsWith("^#") ? "#000000" : "Default"}
            onInput={(event) => {
                setTyped(event.currentTarget.value);
                set(read(event.currentTarget.value, property));
            }}
        />
    );
}

function Field(props: FieldProps) {
    const { name, property, value, set, problem } = props;
    const id = `option-${name}`;
    const help = (
        <small id={`${id}-help`}>
            <Described text={property.description ?? ""} />
        </small>
    );
    const trouble = problem && <small class="problem">{problem}</small>;
    if (property.type === "boolean") {
        return (
            <div class="field switch">
                <label>
                    <input
                        type="checkbox"
                        id={id}
                        checked={value === true}
                        aria-describedby={`${id}-help`}
                        onChange={(event) => set(event.currentTarget.checked || undefined)}
                    />
                    <span>{label(name)}</span>
                </label>
                {help}
                {trouble}
            </div>
        );
    }
    return (
        <div class="field">
            <label for={id}>{label(name)}</label>
            <Input id={id} {...props} />
            {help}
            {trouble}
        </div>
    );
}

interface FormProps {
    kind: string;
    options: Options;
    change: (options: Options) => void;
    problems: Record<string, string>;
}

export function OptionForm({ kind, options, change, problems }: FormProps) {
    const set = (name: string, value: unknown) => {
        const { [name]: _, ...others } = options;
        change(value === undefined ? others : { ...others, [name]: value });
    };
    return (
        <fieldset class="options">
            <legend>Options</legend>
            {Object.entries(optionsOf(kind)).map(([name, property]) => (
                <Field
                    key={`${kind} ${name}`}
                    name={name}
                    property={property}
                    value={options[name]}
                    set={(value) => set(name, value)}
                    problem={problems[`options.${name}`] ?? problems[name]}
                />
            ))}
        </fieldset>
    );
}
