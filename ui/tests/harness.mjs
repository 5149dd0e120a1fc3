// What every test needs: a collector (the mock, the real program, or whichever is running), a browser, lines to be found, and a watch over
// what the page asks for.
//     CATCHMENT_UI_PROGRAM  the real program, started for each file of tests with a fleet to collect from; without it the mock is
//     CATCHMENT_UI_PAGE     takes the page from this directory instead of from the program
//     CATCHMENT_UI_URL      where the page of a running collector is
//     CATCHMENT_UI_LINES    HOST:PORT that takes lines and gives ACKs; belongs to CATCHMENT_UI_URL
//     CHROMIUM              the browser
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createConnection, createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));

/** As long as the slowest machine may need. */
export const PATIENCE_MS = 90_000;

/** Starts a script that says where its page and its port for lines are. */
async function start(script, args) {
  const child = spawn(process.execPath, [join(here, script), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  // A test that fails before it has stopped its collector takes it along.
  process.on("exit", () => child.kill());
  let said = "";
  for await (const data of child.stdout) {
    said += data;
    const found = /page (\S+)\nlines (\S+)\n/.exec(said);
    if (found) return { url: found[1], lines: found[2], real: script === "program.mjs", stop: () => { child.kill(); return ended; } };
  }
  throw new Error(`${script} has ended: ${said}`);
}

/** A collector. With arguments it is one of its own: `--prefix /logs`, `--token SECRET`. */
export async function collector(...args) {
  const { CATCHMENT_UI_PROGRAM: program, CATCHMENT_UI_PAGE: page, CATCHMENT_UI_URL: url, CATCHMENT_UI_LINES: lines } = process.env;
  if (program) return start("program.mjs", [program, "--rate", "10", "--history", "2000", ...(page ? ["--page", page] : []), ...args]);
  if (url && args.length === 0) return { url: url.endsWith("/") ? url : `${url}/`, lines, real: true, stop: () => {} };
  return start("../mock/server.mjs", ["--port", "0", "--rate", "0", "--peers", "200", "--history", "2000", ...args]);
}

const fed = new Map();

/** Sends lines, and returns when each is acked and, if they belong to a run, can be found. */
export async function feed(server, lines, { find = true } = {}) {
  await send(server.lines, lines);
  const run = lines[0]?.run;
  if (run === undefined) return;
  fed.set(run, (fed.get(run) ?? 0) + lines.length);
  if (!find) return;
  await until(async () => (await (await fetch(`${server.url}api/v1/histogram?q=${q(`run:${run}`)}`)).json()).total >= fed.get(run), "the lines can be found");
}

/** Sends lines, and returns when each is acked. */
function send(address, lines) {
  const [host, port] = address.split(/:(?=\d+$)/);
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port: Number(port) });
    let acks = 0;
    socket.on("data", (data) => {
      acks += data.toString("latin1").split("\n").length - 1;
      if (acks >= lines.length) {
        socket.end();
        resolve();
      }
    });
    socket.on("error", reject);
    socket.write(lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
  });
}

/** Sends `make(n)` for each n below `many`, so many a second; returns when each is acked. */
export function pour(server, many, perSecond, make) {
  const ROUND_MS = 20;
  const [host, port] = server.lines.split(/:(?=\d+$)/);
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port: Number(port) });
    const began = performance.now();
    let sent = 0;
    let acks = 0;
    const timer = setInterval(() => {
      // By the clock, so that a busy machine sends no fewer in the end.
      const due = Math.min(many, Math.ceil(((performance.now() - began) / 1000) * perSecond));
      let lines = "";
      for (; sent < due; sent += 1) lines += `${JSON.stringify(make(sent))}\n`;
      socket.write(lines);
      if (sent === many) clearInterval(timer);
    }, ROUND_MS);
    socket.on("data", (data) => {
      acks += data.toString("latin1").split("\n").length - 1;
      if (acks < many) return;
      socket.end();
      resolve();
    });
    socket.on("error", (error) => {
      clearInterval(timer);
      reject(error);
    });
  });
}

/** What a page holds, after what it could do without is gone: MiB of JavaScript's heap, nodes of its documents, listeners. */
export async function held(page) {
  const devtools = await page.context().newCDPSession(page);
  // What waits for a second collection goes, too.
  for (let turn = 0; turn < 2; turn += 1) await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
  await devtools.detach();
  return { mib: usedSize / 1024 / 1024, nodes, listeners: jsEventListeners };
}

/** A name that only this test's lines have. */
export const newRun = () => `r${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;

/** Passes connections on, until they are cut. */
export function proxy(target) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  const server = createServer((from) => {
    const to = createConnection({ host: hostname, port: Number(port) });
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => { sockets.delete(socket); from.destroy(); to.destroy(); });
    }
    from.pipe(to).pipe(from);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve({
    url: target.replace(`:${port}`, `:${server.address().port}`),
    cut: () => sockets.forEach((socket) => socket.destroy()),
    /** Those that are there stay, and nothing comes through them any more. */
    silence: () => sockets.forEach((socket) => socket.unpipe().pause()),
    stop: () => { server.close(); sockets.forEach((socket) => socket.destroy()); },
  })));
}

export async function browser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** A page whose every request must be to its own collector, and on which nothing may fail. `allow` names what may. */
export async function open(browser, url, { allow = /^$/, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.setDefaultNavigationTimeout(PATIENCE_MS);
  const wrong = [];
  const own = new URL(url).origin;
  await context.route("**/*", (route) => {
    const asked = route.request().url();
    if (asked.startsWith(`${own}/`) || asked.startsWith("data:") || asked.startsWith("blob:")) return route.continue();
    wrong.push(`asked for ${asked}`);
    return route.abort();
  });
  page.on("pageerror", (error) => wrong.push(`threw ${error.stack}`));
  page.on("dialog", (dialog) => { wrong.push(`opened a dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on("console", (message) => { if (message.type() === "error" && !allow.test(message.text())) wrong.push(`said ${message.text()}`); });
  return { page, close: async () => { await context.close(); assert.deepEqual(wrong, []); } };
}

export const at = (url, place) => `${url}#/${place}`;
export const q = (text) => encodeURIComponent(text);

/** Waits until `check` gives something true. */
export async function until(check, what) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) assert.fail(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What a counter of the tail shows. */
export const counter = async (page, name) => Number((await page.locator(`[data-count=${name}]`).textContent()).replace(/\D/g, ""));
