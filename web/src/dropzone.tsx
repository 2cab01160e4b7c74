// Where the input comes from: files of this machine, or an address.
import { useRef } from "preact/hooks";
import { add, files, isOver, leaveOut } from "./drops";
import { bytes } from "./format";
import { Icon } from "./icon";
import { Problem } from "./ui";

interface Props {
    url: string;
    setUrl: (url: string) => void;
    problem: string | undefined;
}

export function Dropzone({ url, setUrl, problem }: Props) {
    const chooser = useRef<HTMLInputElement>(null);
    const choose = () => {
        add(chooser.current?.files);
        chooser.current!.value = "";
    };
    return (
        <fieldset class={isOver.value ? "dropzone over" : "dropzone"}>
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
                        <li key={at}>
                            <span>{file.name}</span>
                            <span class="muted">{bytes(file.size)}</span>
                            <button
                                type="button"
                                class="quiet small"
                                aria-label={`Leave ${file.name} out`}
                                onClick={() => leaveOut(file)}
                            >
                                <Icon name="close" />
                            </button>
                        </li>
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
            <Problem text={problem ?? ""} />
        </fieldset>
    );
}
