// What axe-core finds on every page and in what opens on them, in both themes, and what is wider
// than the window.
const opened = {
    async new(page) {
        await page.getByText("Destination, webhook, metadata").click();
        await page.locator(".places").getByRole("button", { name: "Add" }).click();
    },
    async access(page) {
        await page.getByRole("button", { name: "New connection" }).click();
    },
    async jobs(page) {
        await page.locator(".rows .row input").first().check();
    },
};

export async function accessible(dashboard, given) {
    const { page } = dashboard;
    const findings = [];
    const look = async (where) => {
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (over > 0) findings.push({ where, id: "wider than the window", pixels: over });
        for (const finding of await dashboard.axe()) findings.push({ where, ...finding });
    };
    const inDialog = async (where, theme) => {
        await page.getByRole("dialog").waitFor();
        await look(`${where}, ${theme}`);
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
    };
    await page.goto(given.url);
    await page.getByLabel("API key").waitFor();
    await look("sign in");
    await dashboard.signIn(given.key);
    for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        for (const where of ["jobs", "new", "files", "system", "access"]) {
            await dashboard.go(where);
            await page.waitForTimeout(400);
            await look(`${where}, ${theme}`);
            if (!opened[where]) continue;
            await opened[where](page);
            await look(`${where}, opened, ${theme}`);
        }
        for (const id of given.jobs) {
            await dashboard.go(`jobs/${id}`);
            await page.getByText("How it is made").click();
            await page.locator(".made").locator(".ways, .note").first().waitFor();
            await page.waitForTimeout(400);
            await look(`job ${id}, ${theme}`);
        }
        await page.getByRole("button", { name: "Delete" }).click();
        await inDialog("a question", theme);
        await page.keyboard.press("?");
        await inDialog("keys", theme);
    }
    return { findings };
}
