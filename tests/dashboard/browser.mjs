// A browser on the dashboard that counts what must never happen there: a violation of its policy, a
// script's error, a request to somebody else.
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export class Dashboard {
    violations = [];
    errors = [];
    strangers = [];

    static async open({ chromium: executablePath, url, ...more }) {
        const made = new Dashboard();
        made.url = url;
        made.browser = await chromium.launch({
            executablePath,
            args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        });
        made.context = await made.browser.newContext({
            viewport: { width: more.width ?? 1440, height: more.height ?? 900 },
            colorScheme: more.theme ?? "light",
            locale: "en-GB",
            timezoneId: "UTC",
            reducedMotion: "reduce",
        });
        made.page = await made.context.newPage();
        made.page.setDefaultTimeout(30_000);
        made.watch();
        return made;
    }

    watch() {
        this.page.on("pageerror", (error) => this.errors.push(String(error)));
        this.page.on("console", (message) => {
            const text = message.text();
            if (/Content Security Policy/.test(text)) this.violations.push(text);
        });
        this.page.on("request", (request) => {
            const url = request.url();
            if (!/^(data|blob):/.test(url) && !url.startsWith(this.url)) this.strangers.push(url);
        });
    }

    /// What the tests ask of every flow.
    get faults() {
        return {
            violations: this.violations,
            errors: this.errors,
            strangers: this.strangers,
        };
    }

    async signIn(key) {
        await this.page.goto(this.url);
        await this.page.getByLabel("API key").fill(key);
        await this.page.getByRole("button", { name: "Sign in" }).click();
        await this.page.getByText("Live", { exact: true }).waitFor();
    }

    async go(page) {
        await this.page.goto(`${this.url}/#/${page}`);
    }

    row(id) {
        return this.page.locator(`.rows .row:has(a[href="#/jobs/${id}"])`);
    }

    /// Findings of axe-core that hinder somebody much. It comes from outside, past the policy.
    async axe() {
        const session = await this.context.newCDPSession(this.page);
        const { readFileSync } = await import("node:fs");
        const run = async (expression) =>
            (
                await session.send("Runtime.evaluate", {
                    expression,
                    awaitPromise: true,
                    returnByValue: true,
                })
            ).result.value;
        await run(`${readFileSync(AXE, "utf8")};0`);
        const found = await run(`axe.run().then(({ violations }) => violations.map((one) => ({
            id: one.id, impact: one.impact, where: one.nodes.map((node) => node.html.slice(0, 200)),
        })))`);
        return found.filter((one) => ["serious", "critical"].includes(one.impact));
    }

    close() {
        return this.browser.close();
    }
}
