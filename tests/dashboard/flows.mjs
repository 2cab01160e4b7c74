#!/usr/bin/env node
// flows.mjs FLOW: does on the dashboard what people do there; {chromium, url, key, …} comes as JSON
// from stdin, what was seen goes out as JSON.
import { readFileSync } from "node:fs";
import { accessible } from "./accessible.mjs";
import { Dashboard } from "./browser.mjs";
import { inputs } from "./inputs.mjs";
import { results } from "./results.mjs";
import { uploads } from "./uploads.mjs";

const given = JSON.parse(readFileSync(0, "utf8"));

const text = (locator) => locator.innerText();
const visible = (locator) => locator.waitFor().then(() => true);

/// Milliseconds until something was seen of the page as it was loaded last.
const firstPaint = (page) =>
    page.evaluate(
        () =>
            new Promise((resolve) => {
                const name = "first-contentful-paint";
                const look = (list) =>
                    list.getEntriesByName(name).forEach((entry) => resolve(entry.startTime));
                new PerformanceObserver(look).observe({ type: "paint", buffered: true });
            }),
    );

const flows = {
    ...inputs,
    ...results,
    ...uploads,
    accessible,

    async sign_in(dashboard) {
        const { page } = dashboard;
        await page.goto(given.url);
        const key = page.getByLabel("API key");
        await key.fill("itty_wrong");
        await page.getByRole("button", { name: "Sign in" }).click();
        const refused = await text(page.getByRole("alert"));
        await key.fill(given.key);
        await page.getByRole("button", { name: "Sign in" }).click();
        const isIn = await visible(page.getByText("Live", { exact: true }));
        const paints = [];
        let staysIn = true;
        for (let at = 0; at < 3; ++at) {
            await page.reload();
            staysIn &&= await visible(page.getByText("Live", { exact: true }));
            paints.push(await firstPaint(page));
        }
        const cookies = await dashboard.context.cookies();
        const other = await dashboard.context.newPage();
        await other.goto(given.url);
        const asksElsewhere = await visible(other.getByLabel("API key"));
        await page.getByRole("button", { name: "Sign out" }).click();
        const isOut = await visible(page.getByLabel("API key"));
        return { paints, refused, isIn, staysIn, cookies, asksElsewhere, isOut };
    },

    /// given.revoke is fetched to revoke the key that one is signed in with.
    async revoked(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go("access");
        await page.getByRole("button", { name: `Revoke ${given.name}` }).click();
        await page.getByRole("button", { name: "Revoke", exact: true }).click();
        return { told: await text(page.getByRole("alert")) };
    },

    async filter(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        const shown = async () => {
            await page.locator(".foot", { hasText: "Loading" }).waitFor({ state: "detached" });
            return page
                .locator(".rows .what a")
                .evaluateAll((links) =>
                    links.map((link) => link.getAttribute("href").split("/").at(-1)),
                );
        };
        await dashboard.row(given.jobs[0]).waitFor();
        const all = await shown();
        await page.getByRole("button", { name: "Failed" }).click();
        await page.getByRole("button", { name: "Cancelled" }).click();
        const ended = await shown();
        await page.reload();
        const reloaded = await shown();
        await page.getByRole("button", { name: "All", exact: true }).click();
        const search = async (words) => {
            await page.getByLabel("Search jobs").fill(words);
            await page.keyboard.press("Enter");
            return shown();
        };
        const labelled = await search("customer=acme");
        const failed = await search("error:download_failed");
        const nonsense = await search("what");
        const problem = await text(page.getByRole("alert"));
        await search(given.jobs[0]);
        const opened = new URL(page.url()).hash;
        return {
            all,
            ended,
            reloaded,
            labelled,
            failed,
            nonsense,
            problem,
            opened,
        };
    },

    /// Jobs come, change and go while one looks.
    async live(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await page.getByText("No jobs yet").waitFor();
        const headers = {
            Authorization: `Bearer ${given.key}`,
            "Content-Type": "application/json",
        };
        const call = async (method, path, body) =>
            (
                await fetch(given.url + path, {
                    method,
                    headers,
                    body: JSON.stringify(body),
                })
            ).text();
        const make = async (input) =>
            JSON.parse(await call("POST", "/jobs", { input, kind: "video" }));
        const good = await make(given.clip);
        const done = await visible(dashboard.row(good.id).getByText("Done"));
        const size = await text(dashboard.row(good.id).locator(".wide").first());
        const bad = await make(`${given.clip}.none`);
        const failed = await visible(dashboard.row(bad.id).getByText("Failed"));
        await dashboard.row(bad.id).getByRole("checkbox").check();
        await call("DELETE", `/jobs/${bad.id}`);
        await dashboard.row(bad.id).waitFor({ state: "detached" });
        return {
            done,
            size,
            failed,
            rows: await page.locator(".rows .row").count(),
            isAll: await page.getByLabel("Select all").isChecked(),
        };
    },

    async bulk(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.row(given.jobs[0]).waitFor();
        // By the keyboard alone.
        for (let at = 0; at < given.jobs.length; ++at) {
            await page.keyboard.press("j");
            await page.keyboard.press("x");
        }
        const chosen = await text(page.locator(".bulk strong"));
        await page.locator(".bulk").getByRole("button", { name: "Cancel" }).click();
        for (const id of given.jobs) await dashboard.row(id).getByText("Cancelled").waitFor();
        await page.getByLabel("Select all").check();
        await page.locator(".bulk").getByRole("button", { name: "Retry" }).click();
        await page
            .locator(".rows .row")
            .nth(2 * given.jobs.length - 1)
            .waitFor();
        await page.getByLabel("Select all").check();
        await page.locator(".bulk").getByRole("button", { name: "Delete" }).click();
        const question = await text(page.getByRole("dialog"));
        await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
        const isEmpty = await visible(page.getByText("No jobs yet"));
        return { chosen, question, isEmpty };
    },

    /// A file is sent, an image is made of it, and seen beside the input.
    async create(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await page.keyboard.press("n");
        await page.getByLabel("Choose files").setInputFiles(given.file);
        await page.getByRole("radio", { name: /^image/ }).check({ force: true });
        const help = await text(page.locator("#option-width-help"));
        const typed = [];
        for (const [name, value] of [
            ["Start", "1.05"],
            ["Width", "10"],
        ]) {
            const field = page.getByLabel(name, { exact: true });
            await field.pressSequentially(value);
            typed.push(await field.inputValue());
            await field.fill("");
        }
        await page.getByLabel("Width", { exact: true }).fill("0");
        await page.getByRole("button", { name: /^Make/ }).click();
        await page.locator(".problem").first().waitFor();
        const problems = await page.locator(".options .problem").allInnerTexts();
        await page.getByLabel("Width", { exact: true }).fill("64");
        await page.getByLabel("Format").selectOption("webp");
        await page.getByText("Destination, webhook, metadata").click();
        await page.getByRole("button", { name: "Add" }).click();
        await page.getByLabel("Name", { exact: true }).fill("customer");
        await page.getByLabel("Value of customer").fill("acme");
        const curl = await text(page.locator(".code pre"));
        await page.getByRole("button", { name: "Command line" }).click();
        const cli = await text(page.locator(".code pre"));
        await page.getByRole("button", { name: /^Make/ }).click();
        const output = page.getByAltText(/^The output/);
        await output.waitFor();
        const picture = (locator) =>
            locator.evaluate(
                async (image) => (await image.decode(), [image.naturalWidth, image.naturalHeight]),
            );
        const sizes = {
            output: await picture(output),
            input: await picture(page.getByAltText("The input")),
        };
        const line = page.getByLabel("Line between input and output");
        await line.focus();
        const place = () =>
            page
                .locator(".compare")
                .evaluate((element) => getComputedStyle(element).getPropertyValue("--place"));
        const before = await place();
        await page.keyboard.press("ArrowRight");
        const id = new URL(page.url()).hash.split("/").at(-1);
        return {
            help,
            typed,
            problems,
            curl,
            cli,
            sizes,
            moved: [before, await place()],
            id,
        };
    },

    /// A job that makes several: each stands for itself.
    async several(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await page.getByLabel("Kind").selectOption({ label: "several outputs" });
        await dashboard.row(given.job).waitFor();
        await dashboard.go(`jobs/${given.job}`);
        const entries = page.locator(".entries li");
        await entries.nth(given.count - 1).waitFor();
        const picture = page.getByAltText(/^The output/);
        await picture.waitFor();
        return {
            outputs: await entries.allInnerTexts(),
            steps: await page.locator(".step .name").allInnerTexts(),
            width: await picture.evaluate(
                async (image) => (await image.decode(), image.naturalWidth),
            ),
            sounds: await page.locator("audio").count(),
            curl: await text(page.locator(".code pre")),
        };
    },

    /// Of a job two tasks run, and the server tells of each.
    async two_at_once(dashboard) {
        const { page } = dashboard;
        const isWork = ({ kind }) => ["image", "audio"].includes(kind);
        const tasks = given.sample.tasks
            .filter(isWork)
            .map((task) => ({ ...task, status: "processing", progress: 0 }));
        const job = { ...given.sample, status: "processing", tasks };
        const body = tasks
            .map(({ id: task }, at) => ({
                job: job.id,
                task,
                percent: 20 + 40 * at,
                speed: 2.13,
                eta_s: 8,
            }))
            .map((data) => `event: progress\ndata: ${JSON.stringify(data)}\n\n`)
            .join("");
        await page.route(/\/jobs\/events$/, (route) =>
            route.fulfill({ contentType: "text/event-stream", body }),
        );
        await page.route(/\/jobs\?/, (route) => route.fulfill({ json: [job] }));
        await page.route(new RegExp(`/jobs/${job.id}$`), (route) => route.fulfill({ json: job }));
        await page.goto(given.url);
        await page.getByLabel("API key").fill(given.key);
        await page.getByRole("button", { name: "Sign in" }).click();
        const row = dashboard.row(job.id).locator(".running");
        await row.getByText(/[1-9]/).waitFor();
        const mean = await text(row);
        await dashboard.go(`jobs/${job.id}`);
        const steps = page.locator(".step .told");
        await steps.getByText("60 %").waitFor();
        return { mean, steps: await steps.allInnerTexts() };
    },

    /// A job is cancelled while the server cannot tell of it.
    async outage(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go(`jobs/${given.job}`);
        const state = page.locator(".summary .state");
        await state.getByText("Running").waitFor();
        const path = new RegExp(`/jobs/${given.job}$`);
        await page.route(path, (route) => route.fulfill({ status: 503 }));
        const headers = { Authorization: `Bearer ${given.key}` };
        await fetch(`${given.url}/jobs/${given.job}/cancel`, { method: "POST", headers });
        const problem = page.getByRole("alert");
        const told = await text(problem);
        await page.unroute(path);
        await problem.waitFor({ state: "detached" });
        return { told, state: await text(state) };
    },

    /// A stream is played in the rendition that one picks.
    async stream(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go(`jobs/${given.job}`);
        const video = page.locator("video");
        const picker = page.getByLabel("Rendition");
        await picker.waitFor();
        const renditions = await picker.locator("option").allInnerTexts();
        const play = async (name) => {
            await picker.selectOption({ label: name });
            const height = parseInt(name, 10);
            await video.evaluate(
                (element, height) =>
                    new Promise((resolve) => {
                        element.muted = true;
                        element.currentTime = 0;
                        void element.play();
                        const look = () =>
                            element.videoHeight === height && element.currentTime > 0.2
                                ? resolve()
                                : setTimeout(look, 50);
                        look();
                    }),
                height,
            );
            return video.evaluate((element) => [element.videoWidth, element.videoHeight]);
        };
        const names = renditions.filter((name) => /^\d+p/.test(name));
        return {
            renditions,
            first: await play(names[0]),
            last: await play(names.at(-1)),
        };
    },

    /// Why a job failed, what to do, and its webhook sent once more.
    async failed(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go(`jobs/${given.job}`);
        const why = await text(page.getByRole("alert"));
        const delivery = page.locator(".delivery");
        await delivery.getByText("Delivered").waitFor();
        const tries = delivery.locator(".tries li");
        const before = await tries.count();
        await delivery.getByRole("button", { name: "Send again" }).click();
        await tries.nth(before).waitFor();
        return { why, before, after: await tries.count() };
    },

    /// The webhooks of all jobs: those that did not arrive, and those that did.
    async deliveries(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go("system");
        const list = page.locator(".card", {
            has: page.getByRole("heading", { name: "Webhooks", exact: true }),
        });
        const undelivered = await text(list.locator(".delivery", { hasText: given.lost }));
        await list.getByLabel("Show").selectOption("delivered");
        const arrived = list.locator(".delivery", { hasText: given.arrived });
        await arrived.first().waitFor();
        const left = await list.locator(".delivery", { hasText: given.lost }).count();
        await arrived.first().getByRole("link", { name: "its job" }).click();
        await page.getByRole("heading", { name: "Webhook", exact: true }).waitFor();
        return { undelivered, left, at: page.url() };
    },

    /// Names, labels and messages of others are text, and nothing else.
    async hostile(dashboard) {
        const { page } = dashboard;
        const dialogs = [];
        page.on("dialog", (dialog) => (dialogs.push(dialog.message()), dialog.dismiss()));
        await dashboard.signIn(given.key);
        const row = await text(dashboard.row(given.job));
        await dashboard.go(`jobs/${given.job}`);
        const title = await text(page.getByRole("heading", { level: 1 }));
        await page.waitForTimeout(500);
        const body = await text(page.locator("main"));
        return { row, title, body, dialogs };
    },

    async access(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go("access");
        await page.getByLabel("New key for").fill("nightly");
        await page.getByLabel("It may").selectOption("read");
        await page.getByLabel("It ends").selectOption("30d");
        await page.getByLabel("Requests a minute").fill("600");
        await page.getByLabel("Jobs at once").fill("2");
        await page.getByRole("button", { name: "Make a key" }).click();
        const key = await text(page.locator(".secret code"));
        const answer = await fetch(`${given.url}/jobs`, {
            headers: { Authorization: `Bearer ${key}` },
        });
        const bounds = await text(page.locator(".entries li", { hasText: "nightly" }));
        const keys = await (
            await fetch(`${given.url}/keys`, { headers: { Authorization: `Bearer ${given.key}` } })
        ).json();
        await page.getByRole("button", { name: "Revoke nightly" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
        await page.getByRole("button", { name: "Revoke nightly" }).waitFor({ state: "detached" });
        await page.getByRole("button", { name: "New connection" }).click();
        await page.getByLabel("Name", { exact: true }).fill("nowhere");
        await page.getByLabel("Endpoint").fill("http://127.0.0.1:9");
        await page.getByLabel("Access key id").fill("id");
        await page.getByLabel("Secret access key").fill("secret");
        await page.getByRole("button", { name: "Keep the connection" }).click();
        await page.getByRole("button", { name: "Test nowhere" }).click();
        const told = await text(page.locator(".entries .note"));
        await page.getByRole("button", { name: "Delete nowhere" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
        await page.getByRole("button", { name: "Test nowhere" }).waitFor({ state: "detached" });
        return { key, status: answer.status, told, bounds, made: keys.at(-1) };
    },

    /// given.name is deleted, then looked for again.
    async files(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go("files");
        const row = page.locator(".stored tbody tr", { hasText: given.name });
        const told = await text(row);
        await page.getByLabel("Show").selectOption("upload");
        await row.waitFor({ state: "detached" });
        const uploads = await page.locator(".stored tbody tr").count();
        await page.getByLabel("Show").selectOption("");
        const erase = page.getByRole("button", { name: `Delete ${given.name}` });
        const dialog = page.getByRole("dialog");
        await erase.click();
        await dialog.getByRole("button", { name: "Keep" }).click();
        await dialog.waitFor({ state: "detached" });
        const hasFocus = await erase.evaluate((button) => button === document.activeElement);
        await erase.click();
        await dialog.getByRole("button", { name: "Delete" }).click();
        await row.waitFor({ state: "detached" });
        return { told, uploads, hasFocus };
    },

    /// More is asked for twice; then of one role while the answer about another is on its way.
    async files_that_come_late(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await page.route(/\/files\?/, async (route) => {
            const query = new URL(route.request().url()).searchParams;
            const role = query.get("role") ?? "output";
            const after = query.get("after") ?? "";
            const name = role + after;
            const json = [{ id: name, name, role, url: name, size: 1, created_at: 0, job: null }];
            const headers = {
                "Has-More": String(role === "output" && !after),
                Link: `<${given.url}/files?after=1>; rel="next"`,
            };
            if (after || role === "import") await new Promise((resume) => setTimeout(resume, 1000));
            await route.fulfill({ json, headers });
        });
        await dashboard.go("files");
        const names = page.locator(".stored tbody th");
        await page.getByRole("button", { name: "More" }).dblclick();
        await page.waitForTimeout(2000);
        const all = await names.allInnerTexts();
        await page.getByLabel("Show").selectOption("import");
        await page.getByLabel("Show").selectOption("upload");
        await page.waitForTimeout(2000);
        return { all, uploads: await names.allInnerTexts() };
    },

    async system(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go("system");
        await page.locator(".figures").waitFor();
        await page.locator(".layers:not(.workers)").waitFor();
        await page.locator(".chart canvas").nth(1).waitFor();
        await page.locator(".workers li").first().waitFor();
        await page.locator(".failures .tally li").first().waitFor();
        return {
            workers: await page.locator(".workers li").allInnerTexts(),
            failures: await text(page.locator(".failures")),
            figures: await text(page.locator(".figures")),
            layers: await text(page.locator(".layers:not(.workers)")),
            charts: await page.locator(".chart canvas").count(),
            asksAgain: await page.waitForRequest(/status=failed/).then(() => true),
        };
    },

    /// Failures of a day, on three pages of the list, of which the last has older ones alone.
    async failures_by_the_hour(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        const hoursAgo = (hours, kind) => ({
            ...given.sample,
            error: { ...given.sample.error, kind },
            finished_at: Date.now() - hours * 3_600_000,
        });
        const lists = [
            [
                hoursAgo(0, "task_timeout"),
                hoursAgo(0, "download_failed"),
                hoursAgo(5, "download_failed"),
            ],
            [hoursAgo(5, "disk_full"), hoursAgo(30, "task_crashed")],
            [hoursAgo(31, "task_crashed")],
        ];
        const pages = [];
        await page.route(/\/jobs\?status=failed/, (route) => {
            const at = Number(new URL(route.request().url()).searchParams.get("after"));
            pages.push(at);
            const next = `<${given.url}/jobs?after=${at + 1}>; rel="next"`;
            const headers = { "Has-More": "true", Link: next };
            return route.fulfill({ json: lists[at] ?? [], headers });
        });
        await dashboard.go("system");
        const hours = page.locator(".hours > div");
        await hours.first().waitFor();
        const counts = await hours.evaluateAll((all) =>
            all.map((hour) =>
                [...hour.querySelectorAll("i")].map((bar) => [
                    bar.className,
                    Number(bar.style.flexGrow),
                ]),
            ),
        );
        const kinds = await page.locator(".failures .tally li").allInnerTexts();
        return { counts, kinds, pages: pages.slice(0, 4) };
    },

    /// Ten thousand jobs, which the service need not have: it is the page that is asked here.
    async many(dashboard) {
        const { page } = dashboard;
        const idOf = (at) => `job_${String(at).padStart(26, "0")}`;
        const jobs = Array.from({ length: 10_000 }, (_, at) => ({
            ...given.sample,
            id: idOf(10_000 - at),
        }));
        const frame = (job) => `event: job\ndata: ${JSON.stringify(job)}\n\n`;
        const running = jobs.slice(0, 100).map((job) => ({ ...job, status: "processing" }));
        const streams = ["event: changed\ndata: {}\n\n", running.map(frame).join("")];
        await page.route(/\/jobs\/events$/, (route) => {
            const body = streams.shift() ?? ": \n\n";
            return route.fulfill({ contentType: "text/event-stream", body });
        });
        await page.route(/\/jobs\?/, (route) => {
            const after = new URL(route.request().url()).searchParams.get("after");
            const from = after ? jobs.findIndex((job) => job.id === after) + 1 : 0;
            const json = jobs.slice(from, from + 100);
            const headers = {
                "Has-More": String(from + 100 < jobs.length),
                Link: `<${given.url}/jobs?after=${json.at(-1)?.id}>; rel="next"`,
            };
            return route.fulfill({ json, headers });
        });
        const session = await dashboard.context.newCDPSession(page);
        await session.send("Performance.enable");
        const busy = async () => {
            const { metrics } = await session.send("Performance.getMetrics");
            return metrics.find((metric) => metric.name === "TaskDuration").value;
        };
        await page.goto(given.url);
        await page.getByLabel("API key").fill(given.key);
        await page.getByRole("button", { name: "Sign in" }).click();
        await dashboard.row(idOf(10_000)).waitFor();
        const before = await busy();
        await dashboard.row(idOf(10_000)).getByText("Running").waitFor();
        const changing = (await busy()) - before;
        const rows = page.locator(".rows .row");
        let most = 0;
        for (let at = 0; at < 1000 && !(await dashboard.row(idOf(1)).count()); ++at) {
            await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
            await page.waitForTimeout(20);
            most = Math.max(most, await rows.count());
        }
        const loaded = await busy();
        for (let at = 0; at < 20; ++at) {
            await page.evaluate((at) => scrollTo(0, at * 600), at);
            await page.waitForTimeout(20);
        }
        const scrolling = ((await busy()) - loaded) / 20;
        const places = await rows.first().getAttribute("aria-setsize");
        return { most, places, changing, scrolling };
    },

    /// An address that somebody has spoilt, and a job that is deleted while one looks at it.
    async spoilt(dashboard) {
        const { page } = dashboard;
        let streams = 0;
        let refused = 0;
        page.on("request", (request) => {
            streams += request.url().endsWith("/jobs/events");
            refused += request.url().endsWith("status=what");
        });
        await dashboard.signIn(given.key);
        await dashboard.go("jobs?q=job_what");
        const headers = { Authorization: `Bearer ${given.key}` };
        await fetch(`${given.url}/jobs/${given.jobs[0]}`, { method: "DELETE", headers });
        await page.waitForTimeout(3000);
        const search = await text(page.getByRole("alert"));
        await dashboard.go("jobs?status=what");
        await page.waitForTimeout(6000);
        const id = (await dashboard.go("jobs/%"), await text(page.getByRole("alert")));
        await dashboard.go(`jobs/${given.jobs[1]}`);
        await page.getByRole("button", { name: "Delete" }).waitFor();
        await fetch(`${given.url}/jobs/${given.jobs[1]}`, { method: "DELETE", headers });
        const gone = await text(page.getByRole("alert"));
        const buttons = await page.getByRole("button", { name: "Delete" }).count();
        return { search, streams, refused, id, gone, buttons };
    },

    /// Of three files the second is not taken at first, and the bytes of the first only later.
    async unsent(dashboard) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go("new");
        const body = "<html>Bad gateway</html>";
        let uploads = 0;
        const asked = [];
        const refused = { PATCH: 502, HEAD: 423 };
        await page.route(/\/uploads\/resumable$/, (route) =>
            ++uploads === 2 ? route.fulfill({ status: 413, body }) : route.continue(),
        );
        await page.route(/\/uploads\/resumable\/./, (route) => {
            const method = route.request().method();
            const status = !asked.includes(method) && refused[method];
            asked.push(method);
            return status ? route.fulfill({ status, body }) : route.continue();
        });
        await page.getByLabel("Choose files").setInputFiles(given.files);
        await page.getByRole("radio", { name: /^image/ }).check({ force: true });
        await page.getByRole("button", { name: "Make 3 jobs" }).click();
        const problem = await text(page.getByRole("alert"));
        await page.getByRole("button", { name: "Make 2 jobs" }).click();
        await page.locator(".rows .row").nth(2).waitFor();
        return { problem, uploads, asked, jobs: await page.locator(".rows .row").count() };
    },

    /// A server that is slow, refuses, and tells of changes below the first page.
    async troubled(dashboard) {
        const { page } = dashboard;
        const idOf = (at) => `job_${String(at).padStart(26, "0")}`;
        const jobs = Array.from({ length: 250 }, (_, at) => ({
            ...given.sample,
            id: idOf(250 - at),
        }));
        const streams = [];
        await page.route(/\/jobs\/events$/, (route) => {
            const body = streams.shift() ?? ": \n\n";
            return route.fulfill({ contentType: "text/event-stream", body });
        });
        let refused = 0;
        await page.route(/\/jobs\?/, (route) => {
            const after = new URL(route.request().url()).searchParams.get("after");
            if (after === idOf(151) && ++refused < 2) return route.fulfill({ status: 503 });
            const from = after ? jobs.findIndex((job) => job.id === after) + 1 : 0;
            const json = jobs.slice(from, from + 100);
            const headers = {
                "Has-More": String(from + 100 < jobs.length),
                Link: `<${given.url}/jobs?after=${json.at(-1)?.id}>; rel="next"`,
            };
            return route.fulfill({ json, headers });
        });
        await page.goto(given.url);
        await page.getByLabel("API key").fill(given.key);
        await page.getByRole("button", { name: "Sign in" }).click();
        await dashboard.row(idOf(250)).waitFor();
        const scroll = () => page.evaluate(() => scrollTo(0, document.body.scrollHeight));
        await scroll();
        await page.getByRole("alert").waitFor();
        await page.waitForTimeout(2000);
        const asked = refused;
        for (let at = 0; at < 100 && !(await dashboard.row(idOf(1)).count()); ++at) {
            await scroll();
            await page.waitForTimeout(100);
        }
        jobs[249] = { ...jobs[249], status: "cancelled" };
        streams.push("event: changed\ndata: {}\n\n");
        const below = await visible(dashboard.row(idOf(1)).getByText("Cancelled"));
        const place = await page.evaluate(() => scrollY);
        jobs[249] = { ...given.sample, id: idOf(1), status: "processing" };
        const task = given.sample.tasks.find(({ kind }) => kind === "image").id;
        jobs[249].tasks = given.sample.tasks.map((one) => ({ ...one, progress: null }));
        const percent = { job: idOf(1), task, percent: 43 };
        streams.push(
            `event: job\ndata: ${JSON.stringify(jobs[249])}\n\n`,
            `event: changed\ndata: {}\n\nevent: progress\ndata: ${JSON.stringify(percent)}\n\n`,
        );
        const running = await visible(dashboard.row(idOf(1)).getByText("43 %"));

        // The first answer comes after the second one, which is newer.
        const old = { ...given.sample, status: "cancelled" };
        let answers = 0;
        await page.route(new RegExp(`/jobs/${old.id}$`), async (route) => {
            const isFirst = ++answers === 1;
            if (isFirst) await new Promise((resume) => setTimeout(resume, 4000));
            await route.fulfill({ json: isFirst ? old : given.sample });
        });
        await dashboard.go(`jobs/${old.id}`);
        streams.push("event: changed\ndata: {}\n\n");
        const state = page.locator(".summary .state");
        await state.waitFor();
        await page.waitForTimeout(4000);
        const latest = await text(state);

        let looks = 0;
        await page.route(/\/metrics$/, () => void ++looks);
        await dashboard.go("system");
        await page.waitForTimeout(6000);
        return { asked, below, place, running, latest, answers, looks };
    },
};

const dashboard = await Dashboard.open(given);
try {
    const seen = await flows[process.argv[2]](dashboard, given);
    console.log(JSON.stringify({ ...seen, ...dashboard.faults }));
} catch (error) {
    console.error(
        await dashboard.page
            .locator("body")
            .innerText()
            .catch(() => "no page"),
    );
    console.error(JSON.stringify(dashboard.faults));
    throw error;
} finally {
    await dashboard.close();
}
