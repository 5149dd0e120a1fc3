// What every test needs: a collector (the mock, or whichever CATCHMENT_UI_URL names), a browser, lines to be found, and a watch over what
// the page asks for.
//     CATCHMENT_UI_URL    where the page is; without it the mock is started
//     CATCHMENT_UI_LINES  HOST:PORT that takes lines and gives ACKs; belongs to CATCHMENT_UI_URL
//     CHROMIUM            the browser
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createConnection, createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));

/** As long as the slowest machine may need. */
export const PATIENCE_MS = 90_000;

async function startMock(args) {
  const mock = spawn(process.execPath, [join(here, "../mock/server.mjs"), "--port", "0", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const data of mock.stdout) {
    said += data;
    const found = /page (\S+)\nlines (\S+)\n/.exec(said);
    if (found) return { url: found[1], lines: found[2], stop: () => mock.kill() };
  }
  throw new Error(`the mock has ended: ${said}`);
}

/** A collector. With arguments it is always the mock. */
export async function collector(...args) {
  const url = process.env.CATCHMENT_UI_URL;
  if (url && args.length === 0) return { url: url.endsWith("/") ? url : `${url}/`, lines: process.env.CATCHMENT_UI_LINES, stop: () => {} };
  return startMock(["--rate", "0", "--peers", "200", "--history", "2000", ...args]);
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
