// A world to look at: peers that send lines of many kinds, some of them hostile, and what became of them.

const LINES_MAX = 400_000;
const pick = (all) => all[Math.floor(Math.random() * all.length)];
const between = (low, high) => low + Math.floor(Math.random() * (high - low + 1));
const hex = (many) => Array.from({ length: many }, () => "0123456789abcdef"[between(0, 15)]).join("");

const SERVICES = ["checkout", "auth", "catalog", "gateway", "billing", "search", "mailer"];
const PATHS = ["/api/v1/orders", "/api/v1/login", "/static/app.js", "/healthz", "/api/v1/search?q=shoes", "/cart", "/api/v1/items/42"];
export const HOSTILE = [
  "<script>alert('x')</script><img src=x onerror=alert(1)><b>bold?</b>",
  "\u001b[31mred from a terminal\u001b[0m and \u001b[1;33mbold yellow\u001b[0m, then \u001b]0;title\u0007 and \u001b[2J",
  "user \u202egnp.exe\u202c uploaded invoice_\u2066hidden\u2069.pdf",
  "zero\u200bwidth and nul\u0000 bell\u0007 back\u0008space",
  "javascript:alert(1) https://example.invalid/?a=<svg onload=alert(1)>",
  "{\"nested\":{\"html\":\"<iframe src=//evil.invalid></iframe>\"},\"list\":[1,2,3]}",
];

export function line() {
  const service = pick(SERVICES);
  const roll = Math.random();
  const trace_id = hex(32);
  if (roll < 0.45) {
    const status = pick([200, 200, 200, 200, 201, 204, 301, 304, 400, 404, 404, 500, 502, 503]);
    const path = pick(PATHS);
    const ms = between(1, status >= 500 ? 4000 : 300);
    return { level: status >= 500 ? "error" : status >= 400 ? "warn" : "info", message: `${pick(["GET", "GET", "POST"])} ${path} ${status} ${ms} ms`, service, status, duration_ms: ms, trace_id };
  }
  if (roll < 0.6) return { level: "debug", message: `cache ${pick(["hit", "miss", "expired"])} for session ${hex(8)}`, service };
  if (roll < 0.75) return { level: "info", message: pick(["order accepted", "user logged in", "mail queued", "index refreshed", "payment captured"]) + ` id=${hex(6)}`, service, trace_id };
  if (roll < 0.84) return { level: "warn", message: pick(["slow query took 1834 ms", "retrying in 250 ms, attempt 2", "queue is 80 % full", "certificate expires in 6 days"]), service };
  if (roll < 0.9) return { level: "error", message: pick(["connection refused: 10.0.3.17:5432", "timeout after 30 s while calling billing", "unexpected end of input at byte 8192", "connection reset by peer"]), service, trace_id };
  if (roll < 0.93) return { level: "notice", message: `configuration reloaded, ${between(1, 9)} keys changed`, service };
  if (roll < 0.96) return { level: "trace", message: `poll returned ${between(0, 40)} events`, service };
  if (roll < 0.965) return { level: "fatal", message: "out of memory: killed process 4711 (java)", service };
  if (roll < 0.975) return { level: "info", message: `${"a long line that goes on and on, ".repeat(between(6, 30))}and then ends`, service };
  if (roll < 0.98) return { message: pick(HOSTILE), service };
  return { message: `kernel: [${between(1000, 99999)}.${between(100000, 999999)}] eth0: link is up, 1000 Mbps` };
}

export function reading(peer, at) {
  const phase = peer.seed;
  const read = {
    temp: Number((21 + 4 * Math.sin(at / 90_000 + phase) + Math.random()).toFixed(2)),
    rpm: Math.round(1200 + 200 * Math.sin(at / 47_000 + phase * 2) + 30 * Math.random()),
    vibration: Number((0.02 + 0.01 * Math.abs(Math.sin(at / 11_000 + phase)) + Math.random() / 300).toFixed(4)),
  };
  return { message: Object.entries(read).map(([name, value]) => `${name}=${value}`).join(" "), ...read };
}

export class World {
  constructor({ peers, history, rate }) {
    this.records = [];
    this.position = 1000;
    this.takers = new Set();
    this.started = Date.now();
    this.counts = { lines: 0, bytes: 0, commits: 0 };
    this.peers = [];
    this.rate = rate;
    this.bits = 0;
    const sensors = Math.min(8, Math.ceil(peers / 8));
    for (let n = 0; n < peers; n += 1) {
      const kind = n < sensors ? "sensors" : n % 9 === 0 ? "apps" : "gateways";
      const name = kind === "sensors" ? `press-${n + 1}.plant:7070` : kind === "apps" ? `10.1.${Math.floor(n / 250)}.${n % 250}:${40000 + (n % 20000)}` : `gw-${String(n).padStart(5, "0")}.example:514`;
      const state = Math.random() < 0.94 ? "connected" : pick(["backing_off", "backing_off", "connecting", "closing", "done"]);
      this.peers.push({ source: kind, peer: name, state, weight: n < 40 ? 5 : Math.random() ** 4, lines: 0, bytes: 0, unacked: 0, reconnects: state === "connected" ? between(0, 2) : between(1, 60), second: 0, rate: 0, last: null, until: null, error: state === "connected" ? null : pick(["connection refused", "no route to host", "connection timed out", "closed by the peer"]), seed: n });
    }
    const now = Date.now();
    for (let n = 0; n < history; n += 1) this.make(now - ((history - n) / history) ** 1.5 * 6 * 3_600_000 - 50);
    this.listening = [];
  }

  byName(source, name) {
    let peer = this.peers.find((each) => each.peer === name);
    if (!peer) {
      peer = { source, peer: name, state: "connected", weight: 0, lines: 0, bytes: 0, unacked: 0, reconnects: 0, second: 0, rate: 0, last: null, until: null, error: null, seed: 0 };
      this.peers.push(peer);
    }
    return peer;
  }

  start() {
    let owed = 0;
    setInterval(() => {
      owed += this.rate / 20;
      for (; owed >= 1; owed -= 1) this.make(Date.now());
    }, 50).unref();
    setInterval(() => {
      this.counts.commits += 12;
      for (const peer of this.peers) {
        peer.rate = peer.rate * 0.6 + peer.second * 0.4;
        if (peer.rate < 0.01) peer.rate = 0;
        peer.second = 0;
        peer.unacked = peer.rate > 1 ? between(0, 3) : 0;
        if (peer.state === "backing_off" && (peer.until === null || peer.until < Date.now())) peer.until = Date.now() + between(1, 60) * 1000;
      }
    }, 1000).unref();
  }

  make(at) {
    const busy = this.peers.slice(0, 60).filter((peer) => peer.state === "connected");
    const peer = Math.random() < 0.9 ? pick(busy) : pick(this.peers);
    if (!peer || peer.state !== "connected") return;
    this.put(peer, peer.source === "sensors" ? reading(peer, at) : line(), at);
  }

  put(peer, fields, at) {
    const { message, level, time, ...rest } = fields;
    this.position += Buffer.byteLength(message ?? "") + 40;
    this.bits = (this.bits + 137) % 1000;
    const micros = (ms) => new Date(ms).toISOString().replace("Z", `${String(this.bits).padStart(3, "0")}Z`);
    const when = time ? Date.parse(time) : at;
    const record = { position: this.position, time: micros(when), received: micros(Math.max(at, when)), source: peer.source, peer: peer.peer, ...(level ? { level } : {}), message: message ?? "", ...rest };
    Object.defineProperty(record, "ms", { value: when, enumerable: false });
    // In the order of times, as the store gives them.
    let index = this.records.length;
    while (index > 0 && this.records[index - 1].ms > when) index -= 1;
    if (index === this.records.length) this.records.push(record);
    else this.records.splice(index, 0, record);
    if (this.records.length > LINES_MAX) this.records.splice(0, 10_000);
    peer.lines += 1;
    peer.second += 1;
    peer.bytes += record.message.length;
    peer.last = Math.max(at, peer.last ?? 0);
    this.counts.lines += 1;
    this.counts.bytes += record.message.length;
    for (const take of this.takers) take(record);
    return record;
  }
}
