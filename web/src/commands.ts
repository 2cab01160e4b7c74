// A request as one would type it.

export interface Wanted {
    input: string;
    kind?: string;
    options?: Record<string, unknown>;
    outputs?: object[]; // instead of kind and options
    output?: string;
    connection?: string;
    metadata?: Record<string, unknown>;
    webhook_url?: string;
    priority?: number;
}

const quoted = (text: string) =>
    /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;

const isEmpty = (value: unknown) =>
    value == null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);

/// What is sent: nothing that is empty.
export const bodyOf = (wanted: Wanted) =>
    Object.fromEntries(Object.entries(wanted).filter(([, value]) => !isEmpty(value)));

export function curlOf(wanted: Wanted, server: string) {
    return [
        `curl ${quoted(`${server}jobs`)}`,
        `-H "Authorization: Bearer $ITTYBIT_API_KEY"`,
        `--json ${quoted(JSON.stringify(bodyOf(wanted)))}`,
    ].join(" \\\n  ");
}

export function cliOf(wanted: Wanted) {
    if (wanted.outputs) {
        const body = JSON.stringify({ outputs: wanted.outputs });
        return `ittybit run -i ${quoted(wanted.input)} -o FOLDER \\\n  --body ${quoted(body)}`;
    }
    const flags = Object.entries(wanted.options ?? {}).map(([name, value]) => {
        const flag = `--${name.replace(/_/g, "-")}`;
        if (value === true) return flag;
        return `${flag} ${quoted(typeof value === "string" ? value : JSON.stringify(value))}`;
    });
    const more = [
        wanted.output && `-o ${quoted(wanted.output)}`,
        wanted.connection && `--connection ${quoted(wanted.connection)}`,
    ].filter((word) => word) as string[];
    const command = `ittybit ${wanted.kind} -i ${quoted(wanted.input)}`;
    return [command, ...flags, ...more].join(" \\\n  ");
}
