#!/usr/bin/env node
// roam.mjs CHROMIUM PAGE URL SEED: plays a stream with hls.js, on the page's origin, from start to
// end; then goes to ten places, then up and down all renditions. Prints what was seen, and every
// stall and error on the way.
import { openPage } from "./page.mjs";

const [executablePath, home, url, seed] = process.argv.slice(2);
const page = await openPage(executablePath, home, "hls.js", "random.js");
const seen = await page.evaluate(async ({ url, seed }) => {
    const next = random(seed);
    const video = document.body.appendChild(document.createElement("video"));
    const hls = new Hls();
    const seen = { errors: [], places: [], climbs: [] };
    hls.on(Hls.Events.ERROR, (_, error) => seen.errors.push(error.details));
    video.onerror = () => seen.errors.push(video.error.message);
    const until = (condition, what, seconds = 20) => new Promise((resolve) => {
        const begun = performance.now();
        const look = setInterval(() => {
            const is_late = performance.now() - begun > seconds * 1000;
            if (is_late) seen.errors.push(`${what}: not within ${seconds} s`);
            if (!is_late && !condition()) return;
            clearInterval(look);
            resolve();
        }, 20);
    });
    const plays_on_from = (place) => until(
        () => video.currentTime > place + 0.3 && !video.seeking, `playing from ${place}`);
    const parsed = new Promise((resolve) => hls.once(Hls.Events.MANIFEST_PARSED, resolve));
    hls.loadSource(url);
    hls.attachMedia(video);
    await parsed;
    video.play();
    await until(() => video.ended, "the end", 60);
    seen.end = video.currentTime;
    seen.duration = video.duration;
    seen.frames = video.getVideoPlaybackQuality().totalVideoFrames;
    seen.sound = video.webkitAudioDecodedByteCount;
    for (let i = 0; i < 10; ++i) {
        const place = next() * (video.duration - 1);
        video.currentTime = place;
        video.play();
        await plays_on_from(place);
        seen.places.push(video.currentTime - place);
    }
    const levels = hls.levels.map((_, level) => level);
    for (const level of [...levels, ...levels.reverse().slice(1)]) {
        video.currentTime = 0;
        hls.currentLevel = level;
        video.play();
        const { width, height } = hls.levels[level];
        await until(() => video.videoWidth === width && video.videoHeight === height,
            `rendition ${level}`);
        await plays_on_from(video.currentTime);
        seen.climbs.push(`${video.videoWidth}x${video.videoHeight}`);
    }
    return seen;
}, { url, seed: Number(seed) });
console.log(JSON.stringify(seen));
await page.context().browser().close();
