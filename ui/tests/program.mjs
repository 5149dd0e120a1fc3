// The real program with a fleet to collect from and a port that takes lines; it ends when it is told to, and leaves nothing behind.
//     node tests/program.mjs PROGRAM [--rate 40] [--history 20000] [--prefix /logs] [--token SECRET] [--page DIRECTORY]
// With --page the page comes from that directory instead of from the program: no program has to be built to look at a change of the page.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { parseArgs } from "node:util";
import { fleet } from "./fleet.mjs";

const text = { type: "string" };
const { values: options, positionals: [program] } = parseArgs({ allowPositionals: true, options: { rate: text, history: text, prefix: text, token: text, page: text } });
const directory = mkdtempSync(join(tmpdir(), "catchment-ui-"));
const servers = await fleet({ rate: Number(options.rate ?? 40), history: Number(options.history ?? 20_000) });
if (options.token) writeFileSync(join(directory, "web.token"), options.token);
writeFileSync(join(directory, "catchment.toml"), `
data_dir = "data"
memory_limit = "384 MiB"
[journal]
segment_bytes = "16 MiB"
bytes_max = "512 MiB"
[web]
address = "127.0.0.1:0"
${options.token ? 'token_file = "web.token"' : ""}
[[source]]
name = "fed"
kind = "listen"
address = "127.0.0.1:0"
[[source]]
name = "services"
kind = "connect"
targets = ${JSON.stringify(servers.services)}
[[source]]
name = "plant"
kind = "connect"
targets = ${JSON.stringify(servers.sensors)}
[[pipeline]]
name = "main"
from = ["fed", "services"]
stages = [{ parse = "auto" }]
to = ["store", "tail"]
[[pipeline]]
name = "sensors"
from = ["plant"]
stages = [{ parse = "auto" }]
to = ["store", "tail"]
`);

const collector = spawn(program, ["run", "-c", join(directory, "catchment.toml")], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, NO_COLOR: "1" } });
let ending = false;
let said = "";
const told = new Promise((resolve) => {
  collector.stderr.on("data", (data) => {
    // The last of it tells why it ended.
    said = (said + data).slice(-64 * 1024);
    const page = /the page is there url=(\S+)/.exec(said);
    const lines = /listening source="fed" address=(\S+)/.exec(said);
    if (page && lines) resolve({ page: page[1], lines: lines[1] });
  });
});
collector.on("exit", (code) => {
  servers.stop();
  rmSync(directory, { recursive: true, force: true });
  if (!ending) console.error(said);
  process.exit(ending ? 0 : code || 1);
});
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => { ending = true; collector.kill("SIGTERM"); });

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };

/** What a proxy does that serves the page under a prefix. */
function behind(prefix, page) {
  const server = createServer((from, to) => {
    if (!from.url.startsWith(`${prefix}/`)) return to.writeHead(404).end();
    const path = from.url.slice(prefix.length);
    const { hostname, port } = new URL(page);
    const asked = ask({ hostname, port, method: from.method, path, headers: from.headers }, (answer) => {
      const file = basename(path) || "index.html";
      if (options.page && !path.startsWith("/api/")) {
        // Under the program's own policy.
        to.writeHead(200, { "content-type": TYPES[extname(file)], "content-security-policy": answer.headers["content-security-policy"], "cache-control": "no-store" });
        answer.resume();
        return to.end(readFileSync(join(options.page, file)));
      }
      to.writeHead(answer.statusCode, answer.headers);
      answer.pipe(to);
    });
    asked.on("error", () => to.destroy());
    to.on("close", () => asked.destroy());
    from.pipe(asked);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}${prefix}/`)));
}

const { page, lines } = await told;
console.log(`page ${options.prefix || options.page ? await behind((options.prefix ?? "").replace(/\/$/, ""), page) : page}\nlines ${lines}`);
