// Flows in which a file is sent over a line that is slow enough to look at it meanwhile.
const RATE = 4 << 20; // bytes a second

async function slow(dashboard, uploadThroughput) {
    dashboard.line ??= await dashboard.context.newCDPSession(dashboard.page);
    await dashboard.line.send("Network.enable");
    await dashboard.line.send("Network.emulateNetworkConditions", {
        offline: false,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput,
    });
}

async function choose({ page }, given) {
    await page.getByLabel("Choose files").setInputFiles(given.file);
    await page.getByRole("radio", { name: /^image/ }).check({ force: true });
}

async function begin(dashboard, given, rate = RATE) {
    await dashboard.signIn(given.key);
    await dashboard.go("new");
    await choose(dashboard, given);
    await slow(dashboard, rate);
    await make(dashboard);
}

const make = ({ page }) => page.getByRole("button", { name: "Make the job" }).click();
const bar = ({ page }) => page.getByRole("progressbar", { name: "Upload" });
const percent = async (dashboard) => Number(await bar(dashboard).getAttribute("aria-valuenow"));

async function reach(dashboard, least) {
    while ((await percent(dashboard)) < least) await dashboard.page.waitForTimeout(20);
}

/// Where each request went on.
function offsets({ page }) {
    const all = [];
    page.on("request", (request) => {
        if (request.method() === "PATCH") all.push(Number(request.headers()["upload-offset"]));
    });
    return all;
}

async function madeJob({ page }) {
    await page.waitForURL(/#\/jobs\/job_/);
    return new URL(page.url()).hash.split("/").at(-1);
}

export const uploads = {
    /// The server is killed and started again meanwhile, from outside.
    async interrupted(dashboard, given) {
        const { page } = dashboard;
        const sent = offsets(dashboard);
        await begin(dashboard, given);
        const seen = new Set();
        const look = async () => {
            for (;;) seen.add(await page.locator(".sending").innerText());
        };
        page.setDefaultTimeout(60_000);
        const looked = look().catch(() => {}); // until it is gone
        const trouble = await page.getByText("goes on by itself").innerText();
        const id = await madeJob(dashboard);
        page.setDefaultTimeout(1);
        await looked;
        return { sent, id, trouble, seen: [...seen] };
    },

    async reloaded(dashboard, given) {
        const { page } = dashboard;
        const sent = offsets(dashboard);
        await begin(dashboard, given);
        await reach(dashboard, 60);
        await page.reload();
        const offered = await page.locator(".dropzone").innerText();
        await choose(dashboard, given);
        await page.getByText("of it are there already").waitFor();
        const there = await page.locator(".dropzone").innerText();
        const findings = await dashboard.axe();
        const stored = await page.evaluate(() => JSON.stringify(localStorage));
        await make(dashboard);
        const id = await madeJob(dashboard);
        const left = await page.evaluate(() => localStorage.getItem("ittybit-uploads"));
        return { sent, offered, there, findings, stored, id, left };
    },

    /// Another tab sees no upload that was cut off before the one that sends it is closed.
    async in_two_tabs(dashboard, given) {
        await begin(dashboard, given, RATE / 5);
        await reach(dashboard, 20);
        const other = await dashboard.context.newPage();
        const sender = dashboard.page;
        dashboard.page = other;
        await dashboard.signIn(given.key);
        await dashboard.go("new");
        await other.waitForTimeout(3000);
        const meanwhile = await other.locator(".dropzone").innerText();
        await sender.close();
        await other.getByText("choose it again").waitFor();
        await choose(dashboard, given);
        await other.getByText("of it are there already").waitFor();
        await make(dashboard);
        return { meanwhile, id: await madeJob(dashboard) };
    },

    /// Once by the button, which fails at first; and once by leaving it out, after it went on and
    /// its job was refused.
    async given_up(dashboard, given) {
        const { page } = dashboard;
        await begin(dashboard, given, RATE / 5);
        await reach(dashboard, 20);
        const path = /\/uploads\/resumable\/./;
        await page.route(path, (route) =>
            route.request().method() === "DELETE"
                ? route.fulfill({ status: 503 })
                : route.continue(),
        );
        await page.getByRole("button", { name: "Cancel" }).click();
        await page.getByText("the server answered 503").waitFor();
        await page.unroute(path);
        await page.getByRole("button", { name: /^Leave out/ }).click();
        await page.getByLabel("or an address").waitFor();
        await page.getByText("was cut off").waitFor({ state: "detached" });
        const kept = await page.evaluate(() => localStorage.getItem("ittybit-uploads"));
        await choose(dashboard, given);
        const findings = await dashboard.axe();
        const chosen = await page.locator(".dropzone").innerText();
        await slow(dashboard, RATE / 5);
        await make(dashboard);
        await reach(dashboard, 30);
        await dashboard.go("jobs");
        await dashboard.go("new");
        await page.getByText("of it are there already").waitFor();
        await slow(dashboard, RATE);
        await page.getByLabel("Width", { exact: true }).fill("0");
        await make(dashboard);
        await page.getByText("24 MB of it are there already").waitFor();
        // The page does not wait for it; what is whole takes a second request.
        const deleted = page.waitForResponse(
            (answer) => answer.request().method() === "DELETE" && /\/files\/./.test(answer.url()),
        );
        await page.getByRole("button", { name: /^Leave out/ }).click();
        await deleted;
        return { findings, chosen, kept };
    },
};
