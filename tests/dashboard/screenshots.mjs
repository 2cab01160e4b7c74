#!/usr/bin/env node
// screenshots.mjs: pictures of the dashboard, {chromium, url, key, folder, shots} of which comes as
// JSON from stdin; a shot has a name and a page, and what Dashboard.open takes.
import { readFileSync } from "node:fs";
import { Dashboard } from "./browser.mjs";

const { shots, folder, ...given } = JSON.parse(readFileSync(0, "utf8"));

for (const { name, page, settle, ...how } of shots) {
    const dashboard = await Dashboard.open({ ...given, ...how });
    await dashboard.signIn(given.key);
    await dashboard.go(page);
    await dashboard.page.mouse.move(0, 0);
    await dashboard.page.waitForTimeout(settle ?? 2000); // pictures, charts
    await dashboard.page.screenshot({ path: `${folder}/${name}.png` });
    await dashboard.close();
}
