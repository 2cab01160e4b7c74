#!/usr/bin/env node
// climb.mjs CHROMIUM PAGE URL PLAYER: plays a stream with hls.js or Shaka Player ("shaka-player")
// on the page's origin, and forces each rendition on it, up and down, each from the second second
// on, with what lies in the buffer thrown away. Prints the sizes seen, and errors as
// [name, is it fatal, message].
import { openPage } from "./page.mjs";

const [executablePath, home, url, player] = process.argv.slice(2);
const page = await openPage(executablePath, home, player);
const seen = await page.evaluate(async ({ url, player }) => {
    const video = document.body.appendChild(document.createElement("video"));
    const seen = { errors: [], climbs: [] };
    // Each gives the renditions there are, lowest first, and how one is forced.
    const players = {
        "hls.js": async () => {
            // Never all of it: to force both another picture and sound on it then may end it.
            const hls = new Hls({ maxBufferLength: 6 });
            // An emptied buffer is a stall until it is filled. One that lasts is told below.
            const passing = ["bufferStalledError", "bufferNudgeOnStall"];
            hls.on(Hls.Events.ERROR, (_, { details, fatal, error }) => {
                if (fatal || !passing.includes(details))
                    seen.errors.push([details, fatal, error?.message]);
            });
            const parsed = new Promise((ready) => hls.once(Hls.Events.MANIFEST_PARSED, ready));
            hls.loadSource(url);
            hls.attachMedia(video);
            await parsed;
            return {
                levels: hls.levels.map(({ width, height }, level) => ({ width, height, level })),
                force: ({ level }) => { hls.currentLevel = level; },
            };
        },
        "shaka-player": async () => {
            const shakaPlayer = new shaka.Player();
            await shakaPlayer.attach(video);
            // 4.16 appends in the order of arrival otherwise, and after a switch that keeps a
            // margin of the buffer at the end of all that came before (docs/hls.md).
            const manifest = { hls: { sequenceMode: false } };
            shakaPlayer.configure({ abr: { enabled: false }, manifest });
            shakaPlayer.addEventListener("error", ({ detail: { code, severity, message } }) =>
                seen.errors.push([code, severity === shaka.util.Error.Severity.CRITICAL, message]));
            await shakaPlayer.load(url);
            return {
                levels: shakaPlayer.getVariantTracks().sort((a, b) => a.bandwidth - b.bandwidth),
                force: (level) => shakaPlayer.selectVariantTrack(level, true, 1),
            };
        },
    };
    const until = (condition, what, seconds = 20) => new Promise((resolve) => {
        const begun = performance.now();
        const look = setInterval(() => {
            const is_late = performance.now() - begun > seconds * 1000;
            if (is_late) seen.errors.push([what, true, `not within ${seconds} s`]);
            if (!is_late && !condition()) return;
            clearInterval(look);
            resolve();
        }, 20);
    });
    const plays_on = (what) => {
        const from = video.currentTime;
        return until(() => video.currentTime > from + 0.3 && !video.seeking, what);
    };
    const { levels, force } = await players[player]();
    video.play();
    await plays_on("the start");
    for (const level of [...levels, ...levels.slice(0, -1).reverse()]) {
        video.currentTime = 1;
        await plays_on("the place");
        force(level);
        await until(() => video.videoWidth === level.width, `rendition ${level.height}`);
        await plays_on(`playing ${level.height}`);
        seen.climbs.push(`${video.videoWidth}x${video.videoHeight}`);
    }
    return seen;
}, { url, player });
console.log(JSON.stringify(seen));
await page.context().browser().close();
