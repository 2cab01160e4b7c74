// Where the input comes from: files of this machine, or an address.
import { useEffect, useRef, useState } from "preact/hooks";
import { bytes } from "./format";
import { Icon } from "./icon";
import { Problem } from "./ui";

interface Props {
    files: File[];
    setFiles: (files: File[]) => void;
    url: string;
    setUrl: (url: string) => void;
    problem: string | undefined;
}

/// Files may be dropped anywhere on the page, and pasted.
function useDrops(take: (files: File[]) => void) {
    const [isOver, setOver] = useState(false);
    useEffect(() => {
        const over = (event: DragEvent) => {
            event.preventDefault();
            setOver(true);
        };
        const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
        const drop = (event: DragEvent) => {
            event.preventDefault();
            setOver(false);
            take([...(event.dataTransfer?.files ?? [])]);
        };
        const paste = (event: ClipboardEvent) => take([...(event.clipboardData?.files ?? [])]);
        addEventListener("dragover", over);
        addEventListener("dragleave", leave);
        addEventListener("drop", drop);
        addEventListener("paste", paste);
        return () => {
            removeEventListener("dragover", over);
            removeEventListener("dragleave", leave);
            removeEventListener("drop", drop);
            removeEventListener("paste", paste);
        };
    }, [take]);
    return isOver;
}

export function Dropzone({ files, setFiles, url, setUrl, problem }: Props) {
    const chooser = useRef<HTMLInputElement>(null);
    const isOver = useDrops((more) => more.length && setFiles([...files, ...more]));
    const choose = () => {
        setFiles([...files, ...(chooser.current?.files ?? [])]);
        chooser.current!.value = "";
    };
    return (
        <fieldset class={isOver ? "dropzone over" : "dropzone"}>
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
            {files.length > 0 ? (
                <ul class="files">
                    {files.map((file, at) => (
                        <li key={at}>
                            <span>{file.name}</span>
                            <span class="muted">{bytes(file.size)}</span>
                            <button
                                type="button"
                                class="quiet small"
                                aria-label={`Leave ${file.name} out`}
                                onClick={() => setFiles(files.filter((other) => other !== file))}
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
