// Numbers and times as people read them.

const UNITS = ["B", "KB", "MB", "GB", "TB"];

export function bytes(count: number | null | undefined): string {
    if (count == null) return "–";
    let unit = 0;
    while (count >= 999.5 && unit < UNITS.length - 1) {
        count /= 1000;
        ++unit;
    }
    return `${unit && count < 10 ? count.toFixed(1) : Math.round(count)} ${UNITS[unit]}`;
}

/// Of a stretch of time: "40 ms", "0.4 s", "12 s", "3 min 5 s", "2 h 4 min".
export function duration(ms: number): string {
    const seconds = Math.max(0, ms) / 1000;
    if (seconds < 0.095) return `${Math.round(ms)} ms`;
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    if (whole < 86400)
        return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
    return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/// As players show it: "0:06", "1:02:03".
export function timecode(seconds: number | null | undefined): string {
    if (seconds == null) return "–";
    if (seconds < 10) return `${Number(seconds.toFixed(2))} s`;
    const whole = Math.round(seconds);
    const two = (part: number) => String(part).padStart(2, "0");
    const minutes = Math.floor(whole / 60);
    if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
    return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

export function bitrate(bps: number | null | undefined): string {
    if (bps == null) return "–";
    return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;
}

/// How long ago, in one unit.
export function ago(at: number, now: number): string {
    const seconds = Math.max(0, (now - at) / 1000);
    if (seconds < 45) return "now";
    if (seconds < 3570) return `${Math.round(seconds / 60)} min ago`;
    if (seconds < 84600) return `${Math.round(seconds / 3600)} h ago`;
    if (seconds < 7 * 86400) return `${Math.round(seconds / 86400)} d ago`;
    return new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

export const moment = (at: number) =>
    new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

/// The last piece of an address, readable.
export function fileName(url: string): string {
    const path = url.replace(/[?#].*$/, "").replace(/\/+$/, "");
    const name = path.slice(path.lastIndexOf("/") + 1);
    try {
        return decodeURIComponent(name) || url;
    } catch {
        return name;
    }
}

export const kindName = (kind: string) =>
    kind === "multi" ? "several outputs" : kind.replace(/_/g, " ");

/// How much smaller the second is: "62 % smaller", "3× larger".
export function saving(before: number, after: number): string {
    const ratio = after / before;
    if (ratio > 2) return `${ratio.toFixed(1)}× larger`;
    const percent = Math.min(99, Math.round(Math.abs(1 - ratio) * 100));
    if (percent === 0) return "same size";
    return `${percent} % ${ratio < 1 ? "smaller" : "larger"}`;
}
