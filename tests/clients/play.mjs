#!/usr/bin/env node
// play.mjs CHROMIUM PAGE URL: plays a stream with hls.js, on the page's origin, and prints what was
// seen and heard at its end.
import { openPage } from "./page.mjs";

const [executablePath, home, url] = process.argv.slice(2);
const page = await openPage(executablePath, home, "hls.js");
const seen = await page.evaluate((url) => new Promise((resolve) => {
    const video = document.body.appendChild(document.createElement("video"));
    const hls = new Hls({ startLevel: 0 });
    const seen = { sizes: [], errors: [] };
    hls.on(Hls.Events.ERROR, (_, error) => seen.errors.push(error.details));
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
        seen.levels = hls.levels.map((level) => `${level.width}x${level.height}`);
    });
    // Another rendition in the middle.
    video.ontimeupdate = () => {
        if (video.currentTime > video.duration / 2) hls.currentLevel = hls.levels.length - 1;
    };
    video.onresize = () => seen.sizes.push(`${video.videoWidth}x${video.videoHeight}`);
    video.onended = () => resolve({
        ...seen,
        time: video.currentTime,
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
        sound: video.webkitAudioDecodedByteCount,
    });
    setTimeout(() => resolve({ ...seen, time: video.currentTime }), 60_000);
    hls.loadSource(url);
    hls.attachMedia(video);
    video.play();
}), url);
console.log(JSON.stringify(seen));
await page.context().browser().close();
