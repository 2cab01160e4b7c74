// Flows about what a job made, and how.
const text = (locator) => locator.innerText();
const card = (page, heading) =>
    page.locator("section.card", {
        has: page.getByRole("heading", { name: heading, exact: true }),
    });

async function show(dashboard, given) {
    await dashboard.signIn(given.key);
    await dashboard.go(`jobs/${given.job}`);
    return dashboard.page;
}

/// The share of a canvas that is drawn on.
const drawn = (canvas) =>
    canvas.evaluate((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, at) => at % 4 === 3 && value > 0).length / (data.length / 4);
    });

export const results = {
    /// A film that is no stream plays, and its facts stand beside.
    async film(dashboard, given) {
        const page = await show(dashboard, given);
        const played = await page.locator("video").evaluate(
            (element) =>
                new Promise((resolve) => {
                    element.muted = true;
                    void element.play();
                    element.ontimeupdate = () =>
                        element.currentTime > 0.2 &&
                        resolve([element.videoWidth, element.videoHeight, element.duration]);
                }),
        );
        return {
            played,
            facts: await text(card(page, "Input")),
            compared: await page.locator(".compared tbody tr").allInnerTexts(),
            warnings: await text(page.locator(".note")),
        };
    },

    async animation(dashboard, given) {
        const page = await show(dashboard, given);
        const picture = page.getByAltText(/^The output/);
        return picture.evaluate(async (image) => {
            await image.decode();
            const { naturalWidth: width, naturalHeight: height } = image;
            return { width, height, name: image.src.split("/").at(-1) };
        });
    },

    async sound(dashboard, given) {
        const page = await show(dashboard, given);
        const wave = page.getByRole("img", { name: /^Waveform/ });
        await wave.waitFor();
        const length = await page.locator("audio").evaluate((audio) => audio.duration);
        return { drawn: await drawn(wave), length };
    },

    /// A file of peaks.
    async peaks(dashboard, given) {
        const page = await show(dashboard, given);
        const wave = page.getByRole("img", { name: /^Waveform/ });
        await wave.waitFor();
        return {
            drawn: await drawn(wave),
            name: await wave.getAttribute("aria-label"),
            told: await text(card(page, "Output")),
        };
    },

    /// How each job of given.jobs is made, which is asked when somebody wants to know.
    async made(dashboard, given) {
        const { page } = dashboard;
        const asked = [];
        page.on("request", (request) => asked.push(request.url()));
        await dashboard.signIn(given.key);
        const told = [];
        let before = 0;
        for (const id of given.jobs) {
            await dashboard.go(`jobs/${id}`);
            const made = page.locator(".made");
            await made.waitFor();
            before += asked.filter((url) => url.endsWith(`${id}?explain=true`)).length;
            await made.getByText("How it is made").click();
            await made.locator(".ways, .note").first().waitFor();
            told.push(await text(made));
        }
        return { before, told };
    },
};
