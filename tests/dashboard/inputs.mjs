// Flows of the ways in which an input comes to the page, beside a file that one chooses.
import { readFileSync } from "node:fs";

/// A DataTransfer with a file in it, as it comes with a drop or a paste.
function transfer(page, path, name) {
    const bytes = readFileSync(path).toString("base64");
    return page.evaluateHandle(
        ([bytes, name]) => {
            const data = new DataTransfer();
            const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
            data.items.add(new File([content], name, { type: "image/png" }));
            return data;
        },
        [bytes, name],
    );
}

const asImage = (page) => page.getByRole("radio", { name: /^image/ }).check({ force: true });

export const inputs = {
    /// One is dropped on the list of jobs, another held over the new page and taken away, a third
    /// pasted there.
    async dropped_and_pasted(dashboard, given) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        const dropped = await transfer(page, given.file, "dropped.png");
        await page.dispatchEvent("main", "dragover", { dataTransfer: dropped });
        await page.dispatchEvent("main", "drop", { dataTransfer: dropped });
        await page.waitForURL(/#\/new$/);
        const zone = page.locator(".dropzone");
        await page.dispatchEvent("main", "dragover", { dataTransfer: dropped });
        await page.locator(".dropzone.over").waitFor();
        await page.dispatchEvent("main", "dragleave", { dataTransfer: dropped });
        await page.locator(".dropzone:not(.over)").waitFor();
        const pasted = await transfer(page, given.file, "pasted.png");
        await page.evaluate(
            (clipboardData) =>
                document.body.dispatchEvent(
                    new ClipboardEvent("paste", { clipboardData, bubbles: true }),
                ),
            pasted,
        );
        await zone.getByText("pasted.png").waitFor();
        const chosen = await zone.locator(".files li").allInnerTexts();
        await asImage(page);
        await page.getByRole("button", { name: "Make 2 jobs" }).click();
        const rows = page.locator(".rows .row");
        await rows.nth(1).waitFor();
        return { chosen, rows: await rows.locator(".what a").allInnerTexts() };
    },

    /// An address is typed; the first one is of no scheme that is fetched from.
    async address(dashboard, given) {
        const { page } = dashboard;
        await dashboard.signIn(given.key);
        await dashboard.go("new");
        const make = page.getByRole("button", { name: "Make the job" });
        const isReady = await make.isEnabled();
        const address = page.getByLabel("or an address");
        await asImage(page);
        await address.fill("ftp://example.com/a.mp4");
        await make.click();
        const problem = await page.locator(".dropzone .problem").innerText();
        await address.fill(given.clip);
        const curl = await page.locator(".code pre").innerText();
        await make.click();
        await page.waitForURL(/#\/jobs\/job_/);
        await page.locator(".summary .state", { hasText: "Done" }).waitFor();
        return { isReady, problem, curl, title: await page.locator("h1").innerText() };
    },
};
