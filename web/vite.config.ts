// The bundle that the server carries: names with hashes, one list of files for its build.
import { readdirSync, writeFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

function listFiles(): Plugin {
  return {
    name: "list-files",
    closeBundle() {
      const assets = readdirSync("dist/assets")
        .sort()
        .map((name) => `assets/${name}`);
      writeFileSync("dist/files.txt", ["index.html", ...assets].join("\n") + "\n");
    },
  };
}

export default defineConfig({
  base: "/",
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [listFiles()],
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/page", "/code", "/openapi.json", "/healthz", "/readyz", "/metrics"].map((path) => [
        path,
        { target: process.env["SALLYPORT_URL"] ?? "http://localhost:8080", headers: { origin: "" } },
      ]),
    ),
  },
});
