#!/usr/bin/env node
// follow.mjs CHROMIUM URL JOB: follows a job in a browser by EventSource until that stops by
// itself. Prints a line when the first event came, and what it saw at the end.
import { chromium } from "playwright-core";

const [executablePath, url, job] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const context = await browser.newContext({
    extraHTTPHeaders: { Authorization: `Bearer ${process.env.ITTYBIT_API_KEY}` },
});
const page = await context.newPage();
await page.goto(url);
await page.exposeFunction("opened", () => console.log(JSON.stringify({ opened: true })));
const answers = [];
page.on("response", (response) => {
    if (response.url().endsWith("/events")) answers.push(response.status());
});
const seen = await page.evaluate((path) => new Promise((resolve) => {
    const seen = { states: [], ids: [] };
    const source = new EventSource(path);
    source.addEventListener("job", (event) => {
        if (seen.ids.length === 0) window.opened();
        seen.states.push(JSON.parse(event.data).status);
        seen.ids.push(event.lastEventId);
    });
    source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) resolve(seen);
    };
}), `/jobs/${job}/events`);
await page.waitForTimeout(6000); // EventSource comes back after 3 s, if it does
console.log(JSON.stringify({ ...seen, answers }));
await browser.close();
