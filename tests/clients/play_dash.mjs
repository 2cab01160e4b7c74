#!/usr/bin/env node
// play_dash.mjs CHROMIUM PAGE URL PLAYER: plays a stream with dash.js or Shaka Player ("dashjs",
// "shaka-player") on the page's origin: the lowest rendition first, the best one after two
// seconds, then what is behind two thirds. Prints what was seen and heard at its end.
import { openPage } from "./page.mjs";

const [executablePath, home, url, player] = process.argv.slice(2);
const page = await openPage(executablePath, home, player);
const seen = await page.evaluate(({ url, player }) => new Promise((resolve) => {
    const video = document.body.appendChild(document.createElement("video"));
    const seen = { sizes: [], errors: [] };
    video.onresize = () => seen.sizes.push(`${video.videoWidth}x${video.videoHeight}`);
    // Each gives the sizes there are, smallest first, and how one of them is chosen.
    const players = {
        "dashjs": () => new Promise((ready) => {
            const dash = dashjs.MediaPlayer().create();
            const automatic = { autoSwitchBitrate: { video: false }, initialBitrate: { video: 1 } };
            dash.updateSettings({
                streaming: { abr: automatic, buffer: { fastSwitchEnabled: true } },
            });
            dash.on("error", (event) => seen.errors.push(event.error.message));
            dash.on("streamInitialized", () => {
                const levels = dash.getBitrateInfoListFor("video");
                const languages = dash.getTracksFor("audio").map(({ lang }) => lang);
                const choose = (level) => dash.setQualityFor("video", levels.indexOf(level), true);
                ready({ levels, languages, choose });
            });
            dash.initialize(video, url, false);
        }),
        "shaka-player": async () => {
            const shakaPlayer = new shaka.Player();
            await shakaPlayer.attach(video);
            shakaPlayer.configure({ abr: { enabled: false } });
            shakaPlayer.addEventListener("error", ({ detail }) => seen.errors.push(detail.code));
            await shakaPlayer.load(url);
            const levels = shakaPlayer.getVariantTracks().sort((a, b) => a.bandwidth - b.bandwidth);
            const languages = shakaPlayer.getAudioLanguages();
            // With the second that plays: without a buffer 4.16 loads the same for ever.
            const choose = (level) => shakaPlayer.selectVariantTrack(level, true, 1);
            return { levels, languages, choose };
        },
    };
    const end = () => resolve({
        ...seen,
        time: video.currentTime,
        duration: video.duration,
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
        sound: video.webkitAudioDecodedByteCount,
    });
    setTimeout(end, 50_000);
    players[player]().then(({ levels, languages, choose }) => {
        seen.levels = [...new Set(levels.map(({ width, height }) => `${width}x${height}`))];
        seen.languages = languages;
        choose(levels.at(0));
        const steps = [
            [2, () => choose(levels.at(-1))],
            [5, () => { video.currentTime = video.duration * 2 / 3; }],
        ];
        video.ontimeupdate = () => {
            if (steps.length > 0 && video.currentTime > steps[0][0]) steps.shift()[1]();
        };
        video.onended = end;
        return video.play();
    }).catch((error) => { seen.errors.push(`${error}`); end(); });
}), { url, player });
console.log(JSON.stringify(seen));
await page.context().browser().close();
