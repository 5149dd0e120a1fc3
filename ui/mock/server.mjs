// A collector to work on the page with: the API of crates/web/openapi.json over a made-up world, the page's built files, and a port that
// takes lines and gives ACKs.
//     node mock/server.mjs [--port 8787] [--lines 0] [--rate 40] [--peers 10000] [--history 60000] [--prefix /logs] [--token SECRET]
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { readFile } from "node:fs/promises";
import { dirname, join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compile, SyntaxProblem } from "./search.mjs";
import { answer, SqlProblem } from "./sql.mjs";
import { World } from "./world.mjs";

const text = { type: "string" };
const { values: options } = parseArgs({ options: { port: text, lines: text, rate: text, peers: text, history: text, prefix: text, token: text } });
const page = resolve(dirname(fileURLToPath(import.meta.url)), "../../crates/web/page");
const prefix = (options.prefix ?? "").replace(/\/$/, "");
const world = new World({ peers: Number(options.peers ?? 10_000), history: Number(options.history ?? 60_000), rate: Number(options.rate ?? 40) });
world.start();

const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const LEVELS = ["fatal", "error", "warn", "notice", "info", "debug", "trace", "none"];
const STEPS = [1e-3, 1e-2, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800];
const CORE = [["time", "time"], ["received", "time"], ["source", "string"], ["peer", "string"], ["level", "string"], ["message", "string"], ["position", "int"], ["flags", "string"]];

class Problem extends Error {
  constructor(status, code, title, detail, more = {}) {
    super(detail);
    this.status = status;
    this.body = { type: "about:blank", title, status, code, detail, ...more };
  }
}

function matching(params) {
  let matches;
  try {
    matches = compile(params.get("q") ?? "");
  } catch (error) {
    if (error instanceof SyntaxProblem) throw new Problem(400, "syntax", "The search is not understood", error.message, { parameter: "q", column: error.column });
    throw error;
  }
  return matches;
}

const micros = (time) => Date.parse(time.replace(/\.\d+/, "")) * 1000 + Number((/\.(\d+)/.exec(time)?.[1] ?? "0").padEnd(6, "0").slice(0, 6));

function found(params) {
  const matches = matching(params);
  const from = params.get("from") ? micros(params.get("from")) : -Infinity;
  const to = params.get("to") ? micros(params.get("to")) : Infinity;
  const peer = params.get("peer");
  const source = params.get("source");
  return world.records.filter((record) => {
    const at = micros(record.time);
    return at >= from && at < to && (!peer || record.peer === peer) && (!source || record.source === source) && matches(record);
  });
}

function search(params, response) {
  const limit = Number(params.get("limit") ?? 100);
  const oldest = params.get("order") === "oldest";
  let records = found(params);
  if (!oldest) records.reverse();
  const cursor = params.get("cursor");
  if (cursor) {
    const [at, position] = cursor.split("-").map(Number);
    const key = (record) => [micros(record.time), record.position];
    records = records.filter((record) => { const [a, p] = key(record); return oldest ? a > at || (a === at && p > position) : a < at || (a === at && p < position); });
  }
  const rows = records.slice(0, limit);
  const more = records.length > limit;
  const last = rows.at(-1);
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  for (const record of rows) response.write(`${JSON.stringify(record)}\n`);
  response.end(`${JSON.stringify({ end: { records: rows.length, more, next: more ? `${micros(last.time)}-${last.position}` : null, missing: null, work: { parts: 3, rows: records.length, bytes: 65536 } } })}\n`);
}

function histogram(params) {
  const records = found(params);
  const from = params.get("from") ? Date.parse(params.get("from")) : records[0]?.ms ?? Date.now();
  const to = params.get("to") ? Date.parse(params.get("to")) : (records.at(-1)?.ms ?? Date.now()) + 1;
  const buckets = Number(params.get("buckets") ?? 60);
  const step = (STEPS.find((each) => (to - from) / 1000 / each < buckets) ?? 604800) * 1000;
  const begin = Math.floor(from / step) * step;
  const counts = new Map();
  for (const record of records) {
    const at = Math.floor((record.ms - begin) / step);
    if (!counts.has(at)) counts.set(at, LEVELS.map(() => 0));
    counts.get(at)[LEVELS.indexOf(record.level ?? "none")] += 1;
  }
  const shown = [...counts].sort((a, b) => a[0] - b[0]).map(([at, each]) => ({ time: new Date(begin + at * step).toISOString(), counts: each }));
  return { from: new Date(begin).toISOString(), to: new Date(Math.ceil(to / step) * step).toISOString(), step_seconds: step / 1000, levels: LEVELS, buckets: shown, total: records.length, missing: null };
}

function fields() {
  const types = new Map();
  const known = new Set(CORE.map(([name]) => name));
  for (const record of world.records.slice(-5000)) for (const name in record) if (!known.has(name)) types.set(name, typeof record[name] === "number" ? (Number.isInteger(record[name]) && types.get(name) !== "float" ? "int" : "float") : "string");
  return { fields: [...CORE.map(([name, type]) => ({ name, type, core: true })), ...[...types].sort().map(([name, type]) => ({ name, type, core: false }))] };
}

function facets(params) {
  const records = found(params);
  const limit = Number(params.get("limit") ?? 10);
  const prefixed = (params.get("prefix") ?? "").toLowerCase();
  const types = new Map(fields().fields.map((field) => [field.name, field.type]));
  return {
    facets: (params.get("fields") ?? "level,source,peer").split(",").map((field) => {
      const counts = new Map();
      let present = 0;
      for (const record of records) {
        if (record[field] === undefined) continue;
        present += 1;
        if (String(record[field]).toLowerCase().startsWith(prefixed)) counts.set(record[field], (counts.get(record[field]) ?? 0) + 1);
      }
      const values = [...counts].sort((a, b) => b[1] - a[1]).slice(0, limit).map(([value, count]) => ({ value, count }));
      return { field, type: types.get(field) ?? "string", values, distinct: counts.size, present };
    }),
    total: records.length,
    missing: null,
  };
}

function peers(params) {
  const q = (params.get("q") ?? "").toLowerCase();
  const shown = (peer) => ({ source: peer.source, peer: peer.peer, state: peer.state, backing_off_until: peer.state === "backing_off" && peer.until ? new Date(peer.until).toISOString() : null, lines: peer.lines, bytes: peer.bytes, unacked: peer.unacked, reconnects: peer.reconnects, lines_per_second: Number(peer.rate.toFixed(2)), last_line: peer.last === null ? null : new Date(peer.last).toISOString(), last_error: peer.error });
  const alike = world.peers.filter((peer) => (!q || `${peer.peer} ${peer.source} ${peer.error ?? ""}`.toLowerCase().includes(q)) && (!params.get("source") || peer.source === params.get("source")));
  const states = {};
  for (const peer of alike) states[peer.state] = (states[peer.state] ?? 0) + 1;
  const sums = new Map();
  for (const peer of alike) {
    const sum = sums.get(peer.source) ?? { source: peer.source, peers: 0, connected: 0, lines_per_second: 0, unacked: 0 };
    sum.peers += 1;
    sum.connected += peer.state === "connected" ? 1 : 0;
    sum.lines_per_second += peer.rate;
    sum.unacked += peer.unacked;
    sums.set(peer.source, sum);
  }
  const all = alike.filter((peer) => !params.get("state") || peer.state === params.get("state")).map(shown);
  const sort = params.get("sort") ?? "peer";
  const way = params.get("order") === "desc" ? -1 : 1;
  all.sort((a, b) => way * ((a[sort] ?? "") < (b[sort] ?? "") ? -1 : (a[sort] ?? "") > (b[sort] ?? "") ? 1 : 0) || (a.peer < b.peer ? -1 : 1));
  const offset = Number(params.get("offset") ?? 0);
  return { taken: new Date().toISOString(), total: all.length, states, sources: [...sums.values()].sort((a, b) => (a.source < b.source ? -1 : 1)), peers: all.slice(offset, offset + Number(params.get("limit") ?? 1000)) };
}

const sockets = new Set();

function pipelines() {
  const more = { state: "running", dropped: 0, failures: 0, last_error: undefined };
  const stage = (name, failed = 0) => ({ stage: name, records: world.counts.lines, changed: world.counts.lines - failed, dropped: 0, failed });
  return [
    { name: "main", position: world.position, behind_bytes: 0, lines: world.counts.lines, records: world.counts.lines, ...more, failures: 3, from: ["apps", "gateways"], to: ["store", "tail"], stages: [stage("parse"), stage("vrl", 3)] },
    { name: "plant", position: world.position, behind_bytes: 4096, lines: Math.round(world.counts.lines / 7), records: Math.round(world.counts.lines / 7), ...more, from: ["sensors"], to: ["store"], stages: [stage("parse")] },
  ];
}

function status() {
  return {
    version: "0.1.0", process: process.pid, uptime_seconds: Math.round((Date.now() - world.started) / 1000), ready: true,
    journal: { state: "running", oldest: 0, durable: world.position, segments: 4, disk_bytes: 268435456, commits: world.counts.commits, sync_mean_micros: 412, sync_max_micros: 5120, dropped_lines: 0, dropped_bytes: 0 },
    totals: { connected: world.peers.filter((peer) => peer.state === "connected").length, lines: world.counts.lines, bytes: world.counts.bytes, acked: world.counts.lines, unacked: 2, connect_failures: 17 },
    pipelines: pipelines(), tail: { subscribers: sockets.size },
    store: { memory_rows: 12_345, memory_bytes: 6_400_000, parts: 14, part_rows: world.records.length, part_bytes: 48_000_000 },
    sources: [], web: { connections: 3, requests: 1, tails: sockets.size },
  };
}

function queues() {
  const wave = (Math.sin(Date.now() / 7000) + 1) / 2;
  return { taken: new Date().toISOString(), queues: [
    { name: "journal", label: "journal on disk", depth: 268435456, limit: 4294967296, unit: "bytes", oldest_seconds: 5400 },
    { name: "journal_batches", label: "batches to commit", depth: Math.round(wave * 5), limit: 16, unit: "batches", oldest_seconds: 0.002 },
    { name: "pipeline_main", label: "behind the journal", depth: Math.round(wave * 60000), limit: null, unit: "bytes", oldest_seconds: 0.04 },
    { name: "pipeline_plant", label: "behind the journal", depth: 4096, limit: null, unit: "bytes", oldest_seconds: 0.9 },
    { name: "store_memory", label: "newest records in memory", depth: Math.round(6_400_000 + wave * 9_000_000), limit: 33_554_432, unit: "bytes", oldest_seconds: 2.5 },
    { name: "store_compaction", label: "parts to merge", depth: 3, limit: null, unit: "parts", oldest_seconds: null },
    { name: "tail", label: "ring of the tail", depth: 700_000, limit: 1_048_576, unit: "bytes", oldest_seconds: 12 },
    { name: "budget", label: "memory for peers' lines", depth: Math.round(wave * 40_000_000), limit: 67_108_864, unit: "bytes", oldest_seconds: null },
  ] };
}

function tail(request, params, response) {
  const matches = matching(params);
  const after = params.get("after") ?? request.headers["last-event-id"];
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = (record) => { if (matches(record)) response.write(`id: ${record.position}\nevent: record\ndata: ${JSON.stringify(record)}\n\n`); };
  response.write(`id: ${after ?? world.position}\nevent: start\ndata: {"after":${after ?? world.position}}\n\n`);
  if (after) for (const record of [...world.records].filter((each) => each.position > Number(after)).sort((a, b) => a.position - b.position)) send(record);
  world.takers.add(send);
  const beat = setInterval(() => response.write(": quiet\n\n"), 15_000);
  sockets.add(response);
  response.on("close", () => {
    clearInterval(beat);
    world.takers.delete(send);
    sockets.delete(response);
  });
}

function exported(params, response) {
  const format = params.get("format") ?? "ndjson";
  const records = found(params);
  response.writeHead(200, { "content-type": "application/octet-stream", "content-disposition": `attachment; filename="catchment.${format}"` });
  if (format === "csv") response.write("position,time,peer,message\n");
  for (const record of records) response.write(format === "csv" ? `${record.position},${record.time},${record.peer},${JSON.stringify(record.message)}\n` : `${JSON.stringify(record)}\n`);
  response.end();
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function api(request, path, params, response) {
  const json = (value) => { response.writeHead(200, { "content-type": "application/json" }); response.end(JSON.stringify(value)); };
  if (path === "login") {
    if (options.token && JSON.parse(await body(request)).token !== options.token) throw new Problem(401, "unauthorized", "A token is needed", "this token is not the right one");
    response.writeHead(204, { "set-cookie": `catchment_token=${options.token ?? ""}; HttpOnly; SameSite=Strict` });
    return response.end();
  }
  if (options.token && !(request.headers.cookie ?? "").includes(`catchment_token=${options.token}`)) throw new Problem(401, "unauthorized", "A token is needed", "send one, or log in");
  if (path === "search") return search(params, response);
  if (path === "search/sql") {
    matching(params);
    return json({ sql: `SELECT * FROM logs WHERE (time >= '${params.get("from")}' AND has_word(message, '${params.get("q")}')) ORDER BY time DESC, position DESC LIMIT ${params.get("limit")}`, canonical: params.get("q") });
  }
  if (path === "histogram") return json(histogram(params));
  if (path === "fields") return json(fields());
  if (path === "facets") return json(facets(params));
  if (path === "peers") return json(peers(params));
  if (path === "queues") return json(queues());
  if (path === "pipelines") return json({ pipelines: pipelines() });
  if (path === "status") return json(status());
  if (path === "tail") return tail(request, params, response);
  if (path === "export") return exported(params, response);
  if (path === "sql") {
    const given = await body(request);
    const wanted = request.headers["content-type"]?.startsWith("application/json") ? JSON.parse(given) : { sql: given };
    let table;
    try {
      table = answer(world, wanted.sql, wanted.limit ?? 10_000);
    } catch (error) {
      if (error instanceof SqlProblem) throw new Problem(400, error.code, "The statement is not understood", error.message, { line: error.line, column: error.column, ...(error.near ? { near: error.near } : {}) });
      throw error;
    }
    return json({ ...table, truncated: false, missing: null, work: { parts: 3, rows: 8192, bytes: 1_048_576 } });
  }
  const position = /^record\/(\d+)$/.exec(path)?.[1] ?? (path === "context" ? params.get("position") : null);
  if (position) {
    const record = world.records.find((each) => each.position === Number(position) && (each.nth ?? 0) === Number(params.get("nth") ?? 0));
    if (!record) throw new Problem(404, "not_found", "There is no such record", `no record has the position ${position}: retention dropped it, or there never was one`);
    if (path !== "context") return json(record);
    const same = world.records.filter((each) => each.peer === record.peer).sort((a, b) => a.position - b.position);
    const at = same.indexOf(record);
    const before = Number(params.get("before") ?? params.get("n") ?? 10);
    const after = Number(params.get("after") ?? params.get("n") ?? 10);
    const from = Math.max(0, at - before);
    return json({ records: same.slice(from, at + after + 1), at: at - from, more_before: from > 0, more_after: at + after + 1 < same.length, missing: null });
  }
  throw new Problem(404, "not_found", "There is nothing here", `nothing is at ${path}`);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  response.setHeader("content-security-policy", POLICY);
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("cross-origin-opener-policy", "same-origin");
  try {
    if (!url.pathname.startsWith(`${prefix}/`)) throw new Problem(404, "not_found", "There is nothing here", "the page lives elsewhere");
    const path = url.pathname.slice(prefix.length + 1);
    // For tests: every tail is cut off, as a proxy may do.
    if (path === "mock/cut" && request.method === "POST") {
      for (const socket of sockets) socket.destroy();
      return response.end();
    }
    if (path.startsWith("api/v1/")) return await api(request, path.slice(7), url.searchParams, response);
    const file = normalize(join(page, path === "" ? "index.html" : path));
    if (!file.startsWith(page)) throw new Problem(404, "not_found", "There is nothing here", "no such file");
    const content = await readFile(file).catch(() => { throw new Problem(404, "not_found", "There is nothing here", `no file ${path}`); });
    response.writeHead(200, { "content-type": TYPES[file.split(".").pop()] ?? "application/octet-stream", "cache-control": "no-cache" });
    response.end(content);
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem(500, "internal", "It failed", String(error.stack ?? error));
    if (response.headersSent) return response.destroy();
    response.writeHead(problem.status, { "content-type": "application/problem+json" });
    response.end(JSON.stringify(problem.body));
  }
});

// The line protocol: an ACK for each line.
const lines = createTcpServer((socket) => {
  const peer = world.byName("fed", `${socket.remoteAddress}:${socket.remotePort}`);
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("error", () => {});
  socket.on("data", (data) => {
    const all = (rest + data).split("\n");
    rest = all.pop();
    for (const line of all) {
      let fields = { message: line };
      try {
        const value = JSON.parse(line);
        if (typeof value === "object" && value !== null) {
          const { msg, ...others } = value;
          fields = { message: line, ...others, ...(msg !== undefined ? { message: msg } : {}) };
        }
      } catch {
        // Then it is its own message.
      }
      world.put(peer, fields, Date.now());
    }
    if (all.length > 0) socket.write("ACK\n".repeat(all.length));
  });
});

lines.listen(Number(options.lines ?? 0), "127.0.0.1", () => {
  server.listen(Number(options.port ?? 8787), "127.0.0.1", () => {
    console.log(`page http://127.0.0.1:${server.address().port}${prefix}/`);
    console.log(`lines 127.0.0.1:${lines.address().port}`);
  });
});
