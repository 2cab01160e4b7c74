// A page of a server in Chromium, with players in it: what the other clients begin with.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const packages = {
    "hls.js": "hls.js",
    "dashjs": "dashjs/dist/dash.all.min.js",
    "shaka-player": "shaka-player/dist/shaka-player.compiled.js",
    "random.js": fileURLToPath(new URL("random.js", import.meta.url)),
};

// Opens `home` with the scripts of these names. The caller closes the browser of the page.
export async function openPage(executablePath, home, ...scripts) {
    const browser = await chromium.launch({
        executablePath,
        args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
    });
    const page = await (await browser.newContext({ bypassCSP: true })).newPage();
    await page.goto(home);
    for (const name of scripts)
        await page.addScriptTag({ path: createRequire(import.meta.url).resolve(packages[name]) });
    return page;
}
