// Where the input comes from: files of this machine, or an address.
import { useEffect, useRef, useState } from "preact/hooks";
import { add, files, isOver, leaveOut } from "./drops";
import { bytes } from "./format";
import { Icon } from "./icon";
import { poll } from "./poll";
import { attempt, Problem } from "./ui";
import { begun, find, giveUp, printOf, underWay } from "./uploads";

interface Props {
    url: string;
    setUrl: (url: string) => void;
    isSending: boolean;
    problem: string | undefined;
}

function Row({
    name,
    about,
    act,
    leave,
}: Record<"name" | "about" | "act", string> & { leave: () => void }) {
    return (
        <li>
            <div>
                <span>{name}</span>
                <span class="muted">{about}</span>
            </div>
            <button
                type="button"
                class="quiet small"
                aria-label={`${act} ${name}`}
                title={act}
                onClick={leave}
            >
                <Icon name="close" />
            </button>
        </li>
    );
}

/// What of a file is on the server already is given up with it.
function Chosen({ file, isSending }: { file: File; isSending: boolean }) {
    const [sent, setSent] = useState(0);
    useEffect(() => {
        if (isSending) return;
        find(file).then(
            (upload) => setSent(upload?.sent ?? 0),
            () => {},
        );
    }, [file, isSending]);
    const leave = () => {
        leaveOut(file);
        void attempt(() => giveUp(printOf(file)));
    };
    const there = sent > 0 && !isSending ? `, ${bytes(sent)} of it are there already` : "";
    return <Row name={file.name} about={bytes(file.size) + there} act="Leave out" leave={leave} />;
}

/// Uploads that nobody sends any more, and whose files are not chosen.
function CutOff() {
    const [sent, setSent] = useState<string[]>();
    useEffect(() => poll(async () => setSent(await underWay()), 2000), []);
    if (!sent) return null;
    const others = [...files.value.map(printOf), ...sent];
    const left = Object.entries(begun.value).filter(([print]) => !others.includes(print));
    if (left.length === 0) return null;
    return (
        <ul class="files">
            {left.map(([print, { name }]) => (
                <Row
                    key={print}
                    name={name}
                    about="was cut off: choose it again, and it goes on"
                    act="Give up"
                    leave={() => void attempt(() => giveUp(print))}
                />
            ))}
        </ul>
    );
}

export function Dropzone({ url, setUrl, isSending, problem }: Props) {
    const chooser = useRef<HTMLInputElement>(null);
    const choose = () => {
        add(chooser.current?.files);
        chooser.current!.value = "";
    };
    return (
        <fieldset class={isOver.value ? "dropzone over" : "dropzone"} disabled={isSending}>
            <legend>Input</legend>
            <input
                ref={chooser}
                type="file"
                multiple
                id="chooser"
                class="visually-hidden"
                onChange={choose}
                aria-label="Choose files"
            />
            <label for="chooser" class="drop">
                <Icon name="upload" />
                <span>
                    Drop files here, or <u>choose them</u>
                </span>
            </label>
            {files.value.length > 0 ? (
                <ul class="files">
                    {files.value.map((file, at) => (
                        <Chosen key={at} file={file} isSending={isSending} />
                    ))}
                </ul>
            ) : (
                <label class="field">
                    <span>or an address</span>
                    <input
                        type="url"
                        value={url}
                        placeholder="https://… or s3://bucket/key"
                        spellcheck={false}
                        onInput={(event) => setUrl(event.currentTarget.value)}
                    />
                </label>
            )}
            <CutOff />
            <Problem text={problem ?? ""} />
        </fieldset>
    );
}
