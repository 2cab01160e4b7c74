#!/usr/bin/env node
// show.mjs CHROMIUM PAGE SEED: shows each file of the JSON on standard input, [{name, kind, url}],
// on the page's origin. Films and sound are played to their end three times at once: told to play
// at once, and once their metadata, or as much as may be, was loaded before; then each is sent to
// three places. Prints, by name, what was seen and heard each time.
import { readFileSync } from "node:fs";
import { openPage } from "./page.mjs";

const [executablePath, home, seed] = process.argv.slice(2);
const page = await openPage(executablePath, home, "random.js");

const showPicture = (url) => new Promise((resolve) => {
    const image = document.body.appendChild(new Image());
    image.onerror = () => resolve({ error: "does not load" });
    image.onload = () => {
        const [width, height] = [image.naturalWidth, image.naturalHeight];
        const canvas = new OffscreenCanvas(width, height).getContext("2d");
        canvas.drawImage(image, 0, 0);
        const { data } = canvas.getImageData(0, 0, width, height);
        const colours = new Set(new Uint32Array(data.buffer)).size;
        resolve({ width, height, colours });
    };
    image.src = url;
});

const playMedia = async ({ kind, url, preload, seed }) => {
    const next = random(seed);
    const media = document.body.appendChild(document.createElement(kind));
    const seen = { places: [] };
    const until = (event, what) => new Promise((resolve, reject) => {
        media.addEventListener(event, resolve, { once: true });
        media.addEventListener("error", () => reject(media.error.message), { once: true });
        setTimeout(() => reject(`${what}: no ${event} after 25 s`), 25_000);
    });
    try {
        media.preload = preload;
        const loaded = until(preload === "auto" ? "canplaythrough" : "loadedmetadata", "loading");
        const ended = until("ended", "playing");
        media.src = url;
        if (preload !== "none") {
            await loaded;
            await new Promise((resolve) => setTimeout(resolve, 500));
        }
        await media.play();
        await ended;
        Object.assign(seen, {
            time: media.currentTime,
            duration: media.duration,
            frames: kind === "video" ? media.getVideoPlaybackQuality().totalVideoFrames : 0,
            sound: media.webkitAudioDecodedByteCount,
            width: media.videoWidth,
        });
        for (let i = 0; i < 3; ++i) {
            const place = next() * media.duration * 0.9;
            const seeked = until("seeked", `seeking to ${place}`);
            media.currentTime = place;
            await seeked;
            seen.places.push(media.currentTime - place);
        }
    } catch (error) {
        seen.error = `${error}`;
    }
    media.remove();
    return seen;
};

const seen = {};
for (const { name, kind, url } of JSON.parse(readFileSync(0, "utf8"))) {
    if (kind === "image") {
        seen[name] = { shown: await page.evaluate(showPicture, url) };
        continue;
    }
    const ways = { "at once": "none", "metadata first": "metadata", "loaded first": "auto" };
    const plays = Object.entries(ways).map(async ([way, preload]) => [
        way, await page.evaluate(playMedia, { kind, url, preload, seed: Number(seed) }),
    ]);
    seen[name] = Object.fromEntries(await Promise.all(plays));
}
console.log(JSON.stringify(seen));
await page.context().browser().close();
