/**
 * Builds the dashboard into dist/dashboard, and serves it while it is worked on (`npm run dashboard`).
 *
 * Guarantees: nothing is inlined that the Content-Security-Policy of src/edge/dashboard.ts forbids;
 * everything below assets/ is named by its content.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** The host that answers `/v1` for the development server. */
const host = "http://127.0.0.1:7070";

export default defineConfig({
  root: "dashboard",
  plugins: [react(), tailwindcss(), precompressed()],
  build: {
    outDir: "../dist/dashboard",
    emptyOutDir: true,
    // The oldest that know `light-dark()`, of which both themes are made.
    target: ["chrome123", "firefox120", "safari17.5"],
    // The policy has no `data:` for images and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/v1": { target: host, changeOrigin: true },
      "/docs": { target: host, changeOrigin: true },
      "/openapi.json": { target: host, changeOrigin: true },
    },
  },
});

/** Files smaller than this gain nothing by it. */
const compressMinBytes = 1_024;

/** Once, when they are built, instead of for every request. */
function precompressed(): Plugin {
  let folder = "";
  return {
    name: "precompressed",
    apply: "build",
    configResolved({ root, build }) {
      folder = resolve(root, build.outDir);
    },
    closeBundle() {
      for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (!/\.(?:html|js|css|svg)$/.test(path)) continue;
        const bytes = readFileSync(join(folder, path));
        if (bytes.length < compressMinBytes) continue;
        writeFileSync(join(folder, `${path}.br`), brotliCompressSync(bytes));
        writeFileSync(join(folder, `${path}.gz`), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
