/// Does something now, and again `pause` ms after it is done or has failed, until it is ended.
export function poll(action: () => Promise<unknown>, pause: number) {
    let timer = 0;
    let isOver = false;
    const run = async () => {
        await action().catch(() => {});
        if (!isOver) timer = window.setTimeout(() => void run(), pause);
    };
    void run();
    return () => {
        isOver = true;
        clearTimeout(timer);
    };
}
