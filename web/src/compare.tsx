// Two pictures over each other, with a line between them that one moves.
import { useState } from "preact/hooks";
import type { File } from "./api";

interface Props {
    before: string;
    after: string;
    name: string;
    file: File;
}

export function Compare({ before, after, name, file }: Props) {
    const [place, setPlace] = useState(50);
    const [isAlone, setAlone] = useState(false); // the input is nothing that a browser shows
    const size = { width: file.width ?? undefined, height: file.height ?? undefined };
    return (
        <div class={isAlone ? "checkered" : "compare checkered"} style={{ "--place": `${place}%` }}>
            <img src={after} alt={`The output ${name}`} {...size} />
            {!isAlone && (
                <>
                    <img
                        class="before"
                        src={before}
                        alt="The input"
                        onError={() => setAlone(true)}
                    />
                    <input
                        type="range"
                        min={0}
                        max={100}
                        step={0.5}
                        value={place}
                        aria-label="Line between input and output"
                        onInput={(event) => setPlace(Number(event.currentTarget.value))}
                    />
                    <span class="tag left" aria-hidden="true">
                        Input
                    </span>
                    <span class="tag right" aria-hidden="true">
                        Output
                    </span>
                </>
            )}
        </div>
    );
}
