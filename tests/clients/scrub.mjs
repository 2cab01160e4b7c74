#!/usr/bin/env node
// scrub.mjs: looks along a player's scrub bar. Reads {chromium, page, player, film, list, times}
// from stdin: a stream, its thumbnails.vtt, and seconds. Prints {errors, tiles}: the tile that is
// shown at each time, as a PNG in base64. `player` is "shaka-player", "plyr" (with hls.js) or
// "video.js" (with videojs-sprite-thumbnails, which is told the list's grid).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const given = JSON.parse(readFileSync(0, "utf8"));
const files = {
    "shaka-player": ["shaka-player/dist/shaka-player.compiled.js"],
    "plyr": ["hls.js/dist/hls.js", "plyr/dist/plyr.js", "plyr/dist/plyr.css"],
    "video.js": [
        "video.js/dist/video.js",
        "videojs-sprite-thumbnails/dist/videojs-sprite-thumbnails.js",
        "video.js/dist/video-js.css",
    ],
};
// Where the tile is shown; the time that is written over it is hidden.
const shown = {
    "shaka-player": { tile: "#tile" },
    "plyr": {
        bar: ".plyr__progress",
        tile: ".plyr__preview-thumb__image-container",
        style: ".plyr__preview-thumb__time-container { opacity: 0 }",
    },
    "video.js": {
        bar: ".vjs-progress-holder",
        tile: ".vjs-mouse-display .vjs-time-tooltip",
        style: ".vjs-time-tooltip { font-size: 0 !important }",
    },
}[given.player];

const browser = await chromium.launch({
    executablePath: given.chromium,
    args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
});
const page = await (await browser.newContext({ bypassCSP: true })).newPage();
const errors = [];
page.on("pageerror", (error) => errors.push(String(error)));
page.on("requestfailed", (request) => {
    if (request.url().startsWith("http")) errors.push(`${request.url()} failed`);
});
page.on("response", (response) => {
    if (response.status() >= 400) errors.push(`${response.url()}: ${response.status()}`);
});
await page.goto(given.page);
await page.setContent("<div style='width: 800px'><video id=film class='video-js vjs-fluid'></div>");
for (const name of files[given.player]) {
    const path = fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url));
    await (name.endsWith(".css") ? page.addStyleTag({ path }) : page.addScriptTag({ path }));
}
if (shown.style) await page.addStyleTag({ content: shown.style });

await page.evaluate(async ({ player, film, list }) => {
    const video = document.getElementById("film");
    video.muted = true;
    const setups = {
        "shaka-player": async () => {
            const shakaPlayer = new shaka.Player();
            await shakaPlayer.attach(video);
            await shakaPlayer.load(film);
            const track = await shakaPlayer.addThumbnailsTrack(list, "text/vtt");
            const tile = document.body.appendChild(document.createElement("div"));
            tile.id = "tile";
            window.look = async (time) => {
                const at = await shakaPlayer.getThumbnails(track.id, time);
                const left = `${-at.positionX}px ${-at.positionY}px`;
                tile.style = `width: ${at.width}px; height: ${at.height}px;
                    background: ${left} url("${at.uris[0]}")`;
            };
        },
        "plyr": async () => {
            const hls = new Hls();
            hls.loadSource(film);
            hls.attachMedia(video);
            const plyr = new Plyr(video, {
                loadSprite: false,
                previewThumbnails: { enabled: true, src: list },
            });
            while (!plyr.previewThumbnails?.loaded)
                await new Promise((later) => setTimeout(later, 50));
        },
        "video.js": async () => {
            const text = await (await fetch(list)).text();
            const places = [...text.matchAll(/^(.+)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm)];
            const starts = [...text.matchAll(/^(\d+):(\d+):([\d.]+) -->/gm)];
            const [from, to] = starts.map(([, h, m, s]) => h * 3600 + m * 60 + Number(s));
            const first = places.filter(([, sheet]) => sheet === places[0][1]);
            const columns = first.filter(([, , , y]) => y === "0").length;
            const sheets = [...new Set(places.map(([, sheet]) => new URL(sheet, list).href))];
            const vjs = videojs(video, { controls: true });
            vjs.spriteThumbnails({
                urlArray: sheets,
                width: Number(first[0][4]),
                height: Number(first[0][5]),
                interval: to - from,
                columns,
                rows: first.length / columns,
                downlink: 0, // whatever the network is
            });
            const ready = new Promise((done) => vjs.one("loadedmetadata", done));
            vjs.src({ src: film, type: "application/x-mpegURL" });
            await ready;
            await vjs.play(); // before, there is no bar
            vjs.pause();
        },
    };
    await setups[player]();
}, given);

const tiles = [];
for (const time of given.times) {
    if (shown.bar) {
        await page.waitForFunction(() => document.querySelector("video").duration > 0);
        const bar = await page.locator(shown.bar).first().boundingBox();
        const duration = await page.evaluate(() => document.querySelector("video").duration);
        await page.mouse.move(bar.x + (bar.width * time) / duration, bar.y + bar.height / 2);
    } else {
        await page.evaluate((time) => window.look(time), time);
    }
    await page.waitForLoadState("networkidle");
    await page.waitForTimeout(700); // pictures fade in, and old ones out
    const tile = await page.locator(shown.tile).first().screenshot();
    tiles.push(tile.toString("base64"));
}
console.log(JSON.stringify({ errors, tiles }));
await browser.close();
