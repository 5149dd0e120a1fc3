// Builds the page into crates/web/page, which is committed and embedded: the same sources give the same bytes. Fails when what a
// browser needs for the first paint has grown past its bound.
import { build } from "esbuild";
import { gzipSync } from "node:zlib";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const FIRST_PAINT_BYTES_MAX = 60 * 1024;
const FILE_BYTES_MAX = 1024 * 1024;

const here = dirname(fileURLToPath(import.meta.url));
const page = resolve(here, "../crates/web/page");
rmSync(page, { recursive: true, force: true });
mkdirSync(page, { recursive: true });

const result = await build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.tsx", theme: "src/theme.ts" },
  outdir: page,
  bundle: true,
  format: "esm",
  splitting: true,
  minify: true,
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  chunkNames: "part-[name]-[hash]",
  jsx: "automatic",
  jsxImportSource: "preact",
  // preact/hooks and the signals patch only the one preact: one copy, the plain one.
  mainFields: ["module", "main"],
  metafile: true,
  logLevel: "warning",
});
copyFileSync(join(here, "src/index.html"), join(page, "index.html"));
copyFileSync(join(here, "src/icon.svg"), join(page, "icon.svg"));

const outputs = result.metafile.outputs;
const output = (name) => outputs[relative(here, join(page, name)).replaceAll("\\", "/")] && relative(here, join(page, name));

/** What the browser loads before it can paint: the page, its styles, the entries and all that they import at once. */
const first = new Set(["index.html", "icon.svg", "app.css"].map((name) => relative(here, join(page, name))));
const follow = (name) => {
  if (first.has(name)) return;
  first.add(name);
  for (const used of outputs[name].imports) if (used.kind === "import-statement") follow(used.path);
};
follow(output("app.js"));
follow(output("theme.js"));

const zipped = (path) => gzipSync(readFileSync(resolve(here, path)), { level: 9 }).length;
let sum = 0;
for (const file of readdirSync(page).sort()) {
  const path = relative(here, join(page, file));
  const bytes = statSync(join(page, file)).size;
  if (bytes > FILE_BYTES_MAX) throw new Error(`${file} has ${bytes} bytes, more than ${FILE_BYTES_MAX}`);
  const gzip = zipped(path);
  if (first.has(path)) sum += gzip;
  console.log(`${String(bytes).padStart(8)} ${String(gzip).padStart(7)} gzipped  ${first.has(path) ? "first" : "later"}  ${file}`);
}
console.log(`first paint: ${sum} of ${FIRST_PAINT_BYTES_MAX} bytes`);
if (sum > FIRST_PAINT_BYTES_MAX) {
  console.error("the first paint is too heavy: load something later, or do without it");
  process.exit(1);
}
