// What of the list is shown. Everything lies in the address, so that it can be kept and sent.
import { useEffect, useState } from "preact/hooks";
import { kindName } from "./format";
import { Icon } from "./icon";
import { searchParameters, type Filter } from "./job_list";
import { isJobId } from "./jobs";
import { kinds } from "./schema";
import { stateName } from "./ui";

const STATUSES = ["queued", "processing", "succeeded", "failed", "cancelled"];

const SINCE = [
    ["", "Any time"],
    ["1h", "Last hour"],
    ["24h", "Last day"],
    ["7d", "Last week"],
];

interface Props {
    filter: Filter;
    change: (filter: Filter) => void;
}

function Search({ filter, change }: Props) {
    const [text, setText] = useState(filter.search);
    const [problem, setProblem] = useState("");
    useEffect(() => setText(filter.search), [filter.search]);
    const submit = (search: string) => {
        setText(search);
        try {
            if (!isJobId(search)) searchParameters(search);
            setProblem("");
            change({ ...filter, search });
        } catch (error) {
            setProblem((error as Error).message);
        }
    };
    return (
        <form
            class="search"
            role="search"
            onSubmit={(event) => (event.preventDefault(), submit(text))}
        >
            <Icon name="search" />
            <input
                type="search"
                data-search
                value={text}
                aria-label="Search jobs"
                placeholder="name=value, error:kind, URL or job id"
                spellcheck={false}
                aria-invalid={problem !== ""}
                aria-describedby={problem ? "search-problem" : undefined}
                onInput={(event) => {
                    setText(event.currentTarget.value);
                    if (!event.currentTarget.value) submit("");
                }}
            />
            {problem && (
                <p id="search-problem" class="problem" role="alert">
                    {problem}
                </p>
            )}
        </form>
    );
}

export function FilterBar({ filter, change }: Props) {
    const toggle = (status: string) => {
        const isOn = filter.statuses.includes(status);
        const statuses = STATUSES.filter((one) =>
            one === status ? !isOn : filter.statuses.includes(one),
        );
        change({ ...filter, statuses });
    };
    return (
        <div class="filters">
            <div class="chips" role="group" aria-label="States">
                <button
                    type="button"
                    aria-pressed={filter.statuses.length === 0}
                    onClick={() => change({ ...filter, statuses: [] })}
                >
                    All
                </button>
                {STATUSES.map((status) => (
                    <button
                        type="button"
                        key={status}
                        aria-pressed={filter.statuses.includes(status)}
                        onClick={() => toggle(status)}
                    >
                        {stateName(status)}
                    </button>
                ))}
            </div>
            <select
                aria-label="Kind"
                value={filter.kind}
                onChange={(event) => change({ ...filter, kind: event.currentTarget.value })}
            >
                <option value="">All kinds</option>
                {[...kinds(), "multi"].map((kind) => (
                    <option key={kind} value={kind}>
                        {kindName(kind)}
                    </option>
                ))}
            </select>
            <select
                aria-label="Created"
                value={filter.since}
                onChange={(event) => change({ ...filter, since: event.currentTarget.value })}
            >
                {SINCE.map(([value, text]) => (
                    <option key={value} value={value}>
                        {text}
                    </option>
                ))}
            </select>
            <Search filter={filter} change={change} />
        </div>
    );
}
