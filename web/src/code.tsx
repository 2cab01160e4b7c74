// The same request for a terminal.
import { useState } from "preact/hooks";
import { address } from "./api";
import { cliOf, curlOf, type Wanted } from "./commands";
import { Copy } from "./ui";

export function Code({ wanted }: { wanted: Wanted }) {
    const [form, setForm] = useState<"curl" | "cli">("curl");
    const text = form === "curl" ? curlOf(wanted, address("")) : cliOf(wanted);
    return (
        <div class="code">
            <div class="chips" role="group" aria-label="The same as">
                <button
                    type="button"
                    aria-pressed={form === "curl"}
                    onClick={() => setForm("curl")}
                >
                    curl
                </button>
                <button type="button" aria-pressed={form === "cli"} onClick={() => setForm("cli")}>
                    Command line
                </button>
                <Copy text={text} label="Copy the command" />
            </div>
            <pre tabIndex={0} aria-label="Command">
                {text}
            </pre>
        </div>
    );
}
