import { defineConfig } from "vite";

// `vite web` serves the sources, with a running service behind them.
const service = process.env.ITTYBIT_API_URL ?? "http://127.0.0.1:8080";
const paths = "^/(jobs|tasks|uploads|connections|keys|files|workers|health|metrics|openapi.json)";

export default defineConfig({
    base: "./", // wherever a reverse proxy puts us
    esbuild: { jsx: "automatic", jsxImportSource: "preact" },
    build: {
        target: "es2022",
        assetsInlineLimit: 0,
        modulePreload: false,
        chunkSizeWarningLimit: 700, // hls.js, which is only loaded to play a stream
    },
    server: { proxy: { [paths]: service } },
});
