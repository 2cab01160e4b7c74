#!/usr/bin/env node
// play_languages.mjs CHROMIUM PAGE URL PLAYER PLACES: plays a stream with a player ("hls.js",
// "shaka-player", "dashjs") on the page's origin, in each language of its sound and with each of
// its subtitles in turn, at each of these places (seconds, a JSON list). Prints what was heard
// (hertz) and shown there.
import { openPage } from "./page.mjs";

const [executablePath, home, url, player, places] = process.argv.slice(2);
const page = await openPage(executablePath, home, player);
const seen = await page.evaluate(async ({ url, player, places }) => {
    const video = document.body.appendChild(document.createElement("video"));
    const seen = { errors: [], heard: {}, shown: {} };
    const once = (emitter, event) => new Promise((ready) => emitter.on(event, ready));
    // Each gives names, and how one is chosen.
    const players = {
        "hls.js": async () => {
            const hls = new Hls();
            hls.on(Hls.Events.ERROR, (_, { details, fatal, error }) =>
                seen.errors.push([details, fatal, error?.message]));
            const parsed = once(hls, Hls.Events.MANIFEST_PARSED);
            hls.loadSource(url);
            hls.attachMedia(video);
            await parsed;
            return {
                sounds: hls.allAudioTracks.filter(({ groupId }) => groupId === "audio")
                    .map(({ name }) => name),
                texts: hls.allSubtitleTracks.map(({ name }) => name),
                // What was buffered of the other is heard until the new one is there.
                hear: async (name) => {
                    const index = hls.audioTracks.findIndex((track) => track.name === name);
                    if (hls.audioTrack === index) return;
                    const switched = once(hls, Hls.Events.AUDIO_TRACK_SWITCHED);
                    hls.audioTrack = index;
                    await switched;
                },
                show: (name) => {
                    const is = (track) => track.name === name;
                    hls.subtitleTrack = hls.subtitleTracks.findIndex(is);
                },
            };
        },
        "shaka-player": async () => {
            const shakaPlayer = new shaka.Player();
            await shakaPlayer.attach(video);
            shakaPlayer.addEventListener("error", ({ detail }) => seen.errors.push(detail.code));
            await shakaPlayer.load(url);
            const named = (tracks) => [...new Set(tracks.map(({ label }) => label))];
            return {
                sounds: named(shakaPlayer.getAudioTracks()),
                texts: named(shakaPlayer.getTextTracks()),
                hear: (name) => shakaPlayer.selectAudioTrack(
                    shakaPlayer.getAudioTracks().find(({ label }) => label === name)),
                show: async (name) => {
                    shakaPlayer.selectTextTrack(
                        shakaPlayer.getTextTracks().find(({ label }) => label === name));
                    await shakaPlayer.setTextTrackVisibility?.(true);
                },
            };
        },
        "dashjs": async () => {
            const dash = dashjs.MediaPlayer().create();
            dash.on("error", (event) => seen.errors.push(event.error.message));
            const begun = once(dash, "streamInitialized");
            dash.initialize(video, url, false);
            await begun;
            const name = (track) => track.labels[0].text;
            return {
                sounds: dash.getTracksFor("audio").map(name),
                texts: dash.getTracksFor("text").map(name),
                hear: (wanted) => dash.setCurrentTrack(
                    dash.getTracksFor("audio").find((track) => name(track) === wanted)),
                show: (wanted) => dash.setTextTrack(
                    dash.getTracksFor("text").findIndex((track) => name(track) === wanted)),
            };
        },
    };
    const { sounds, texts, hear, show } = await players[player]();
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    context.createMediaElementSource(video).connect(analyser);
    const loudest = () => {
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        return Math.round(bins.indexOf(Math.max(...bins)) * context.sampleRate / 8192);
    };
    const textsNow = () => [...video.textTracks].filter(({ mode }) => mode === "showing")
        .flatMap(({ activeCues }) => [...(activeCues ?? [])]).map(({ text }) => text);
    const wait = (ms) => new Promise((ready) => setTimeout(ready, ms));
    // Plays on from a place until something is so, or for some seconds.
    const until = async (place, isSo) => {
        video.currentTime = place;
        await video.play();
        for (let tries = 0; tries < 60 && !isSo(); ++tries) {
            await wait(100);
            if (video.currentTime > place + 0.8) { video.currentTime = place; }
        }
    };
    for (const name of sounds) {
        await hear(name);
        seen.heard[name] = [];
        for (const place of places) {
            let tone = 0, same = 0;
            await until(place, () => {
                const now = loudest();
                same = !video.seeking && now > 50 && Math.abs(now - tone) < 12 ? same + 1 : 0;
                tone = now;
                return same >= 4;
            });
            seen.heard[name].push(tone);
        }
    }
    for (const name of texts) {
        await show(name);
        seen.shown[name] = [];
        for (const place of places) {
            let shown = [];
            await until(place, () => {
                if (!video.seeking && video.currentTime >= place) shown = textsNow();
                return shown.length > 0;
            });
            seen.shown[name].push(shown);
        }
    }
    seen.duration = video.duration;
    return seen;
}, { url, player, places: JSON.parse(places) });
console.log(JSON.stringify(seen));
await page.context().browser().close();
