// A plan (model/plan.h) in words: why each stream is copied or encoded, by which steps and encoder.
import { bitrate, timecode } from "./format";

interface Size {
    width: number;
    height: number;
}

interface Step {
    filter: string;
    options: Record<string, unknown>;
}

interface Track {
    name: string;
    language: string;
}

interface Encoding {
    encoder: string;
    bitrate?: number;
    max_bitrate?: number;
    options: Record<string, unknown>;
}

interface PictureBranch {
    steps: Step[];
    encoding?: Encoding & Size;
    gif?: { size: Size; colours: number };
    webp?: { size: Size; quality: number };
    image?: { format: string; size: Size; quality: number };
    sheet?: { columns: number; rows: number };
    track: Track;
}

interface PicturePlan {
    why_encoded: string; // "" where it is copied
    copied?: Track;
    treatment: {
        placement: { kept: Size; canvas: Size };
        shape: { size: Size };
        steps: Step[];
    };
    clock: { fps: { num: number; den: number } };
    cadence?: object;
    instants?: { interval: number; most?: number };
    most_frames?: number;
    branches: PictureBranch[];
}

interface SoundPlan {
    why_encoded: string;
    copied?: Track;
    mixed: boolean;
    loudness?: { lufs: number };
    branches: {
        encoding?: Encoding & { format: { sample_rate: number; layout: string } };
        waveform?: { points: number; drawing?: { size: Size } };
        track: Track;
    }[];
}

interface TextPlan {
    codec: string;
    burnt_into?: number;
    branches: { form: string; track: Track }[];
}

export interface Plan {
    window: { start: number; end: number | null };
    pictures: PicturePlan[];
    sounds: SoundPlan[];
    texts: TextPlan[];
    outputs: { name: string; muxer: string }[];
    warnings: string[];
}

/// What happens to one stream.
export interface Way {
    what: string; // "The picture"
    how: string; // " is encoded anew, because …"
    steps: string[]; // in their order
    encoders: string[]; // side by side
}

const pixels = ({ width, height }: Size) => `${width} × ${height}`;
const isSame = (one: Size, other: Size) => one.width === other.width && one.height === other.height;

const VERBS: Record<string, string> = {
    bwdif: "deinterlace",
    tonemap: "map HDR to SDR",
    hflip: "mirror",
    vflip: "turn upside down",
    transpose: "turn by 90°",
    mix: "mix the colours",
    orient: "turn upright",
    srgb: "bring colours to sRGB",
    flatten: "lay on a colour",
    strip: "leave camera data out",
    pad: "pad",
    crop: "crop",
};
const SCALES = ["scale", "zscale", "resize"];
const UNTOLD = ["format", "premultiply", "unpremultiply"]; // in between, of no interest

/// The size that a step makes, if it is one.
function sizeOf({ options: { width, height, out_w, out_h, canvas } }: Step): Size | null {
    if (canvas) return canvas as Size;
    const [w, h] = [width ?? out_w, height ?? out_h];
    return w && h ? { width: Number(w), height: Number(h) } : null;
}

/// In words, of pictures that come in this size.
function stepsInWords(steps: Step[], from: Size): string[] {
    let size = from;
    const words = steps.flatMap((step) => {
        if (UNTOLD.includes(step.filter)) return [];
        const made = sizeOf(step);
        if (SCALES.includes(step.filter)) {
            if (!made || isSame(made, size)) return ["convert colours"];
            size = made;
            return [`scale to ${pixels(made)}`];
        }
        const verb = VERBS[step.filter] ?? step.filter;
        if (!made) return [verb];
        size = made;
        return [`${verb} to ${pixels(made)}`];
    });
    return words.filter((word, at) => word !== words[at - 1]);
}

function because(why: string) {
    if (!why) return "is copied, because it already is what was asked for";
    return `is encoded anew, because ${why}`;
}

/// "The sound", or where there are several "Sound 2 (deu)".
function named(what: string, at: number, count: number, language = "") {
    const name = count > 1 ? `${what[0]!.toUpperCase()}${what.slice(1)} ${at + 1}` : `The ${what}`;
    return language && language !== "und" ? `${name} (${language})` : name;
}

function encoderInWords(encoding: Encoding, form: string) {
    const { crf, preset } = encoding.options;
    const facts = [
        encoding.encoder,
        form,
        crf !== undefined && `CRF ${crf}`,
        preset !== undefined && `preset ${preset}`,
        encoding.bitrate && bitrate(encoding.bitrate),
        encoding.max_bitrate && `at most ${bitrate(encoding.max_bitrate)}`,
    ];
    return facts.filter(Boolean).join(", ");
}

function pictureEncoder({ encoding, gif, webp, image, sheet, track }: PictureBranch) {
    const name = track.name && `${track.name}: `;
    if (encoding) return name + encoderInWords(encoding, pixels(encoding));
    if (gif) return `GIF, ${pixels(gif.size)}, ${gif.colours} colours`;
    if (webp) return `WebP, ${pixels(webp.size)}, quality ${webp.quality}`;
    if (!image) return "";
    const kind = image.format === "png" ? "" : `, quality ${image.quality}`;
    const tiles = sheet ? `, ${sheet.columns} × ${sheet.rows} on a sheet` : "";
    return `${image.format.toUpperCase()}, ${pixels(image.size)}${kind}${tiles}`;
}

function timesInWords({ cadence, clock, instants, most_frames }: PicturePlan) {
    const words: string[] = [];
    const rate = Number((clock.fps.num / clock.fps.den).toFixed(3));
    if (cadence) words.push(`keep to ${rate} a second`);
    if (instants) words.push(`take one every ${instants.interval} s`);
    if (most_frames !== undefined) words.push(`stop after ${most_frames}`);
    return words;
}

function wayOfPicture(picture: PicturePlan, at: number, plan: Plan): Way {
    const { treatment, branches, copied, why_encoded } = picture;
    const what = named("picture", at, plan.pictures.length);
    if (copied) return { what, how: because(why_encoded), steps: [], encoders: [] };
    const { kept, canvas } = treatment.placement;
    const steps = stepsInWords(treatment.steps, treatment.shape.size);
    const isPadded = treatment.steps.some(({ filter }) => filter === "pad");
    if (!isPadded && !isSame(kept, canvas)) steps.push(`pad to ${pixels(canvas)}`);
    // A ladder scales each from the one before: its encoders tell the sizes.
    if (branches.length === 1) steps.push(...stepsInWords(branches[0]!.steps, canvas));
    return {
        what,
        how: because(why_encoded),
        steps: [...timesInWords(picture), ...steps],
        encoders: branches.map(pictureEncoder),
    };
}

function soundEncoder({ encoding, waveform, track }: SoundPlan["branches"][number]) {
    if (waveform) {
        const drawn = waveform.drawing && `, drawn in ${pixels(waveform.drawing.size)}`;
        return `${waveform.points} peaks${drawn ?? ""}`;
    }
    if (!encoding) return "";
    const { sample_rate, layout } = encoding.format;
    const name = track.name && `${track.name}: `;
    return name + encoderInWords(encoding, `${sample_rate / 1000} kHz, ${layout}`);
}

function wayOfSound(sound: SoundPlan, at: number, plan: Plan): Way {
    const { copied, branches, mixed, loudness, why_encoded } = sound;
    const track = copied ?? branches[0]?.track;
    const steps = [
        mixed ? "mix to fewer channels" : "",
        loudness ? `bring to ${loudness.lufs} LUFS` : "",
    ];
    return {
        what: named("sound", at, plan.sounds.length, track?.language),
        how: because(why_encoded),
        steps: steps.filter(Boolean),
        encoders: branches.map(soundEncoder),
    };
}

function wayOfText({ codec, burnt_into, branches }: TextPlan, at: number, plan: Plan): Way {
    const forms = [...new Set(branches.map(({ form }) => form))].join(" and ");
    return {
        what: named("subtitle", at, plan.texts.length, branches[0]?.track.language),
        how:
            burnt_into === undefined
                ? `(${codec}) is written as ${forms}`
                : `(${codec}) is burnt into the picture`,
        steps: [],
        encoders: [],
    };
}

export const waysOf = (plan: Plan): Way[] => [
    ...plan.pictures.map((one, at) => wayOfPicture(one, at, plan)),
    ...plan.sounds.map((one, at) => wayOfSound(one, at, plan)),
    ...plan.texts.map((one, at) => wayOfText(one, at, plan)),
];

/// "from 1 s to 4 s"; "" of the whole input.
export function windowInWords({ window: { start, end } }: Plan) {
    const from = start > 0 ? `from ${timecode(start)}` : "";
    return [from, end !== null ? `to ${timecode(end)}` : ""].filter(Boolean).join(" ");
}
