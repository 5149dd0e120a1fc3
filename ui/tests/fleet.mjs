// Log servers for the real program to dial: each has a past, and goes on as the ones do that people have. What they write is what the mock
// makes up, in the formats of real servers. ACKs are read and thrown away: nothing here has to outlive a test.
import { createServer } from "node:net";
import { HOSTILE, line, reading } from "../mock/world.mjs";

const PAST_MS = 6 * 3_600_000;
const ROUND_MS = 50;
/** What a server holds for a collector that does not read. */
const UNSENT_BYTES_MAX = 1024 * 1024;

const json = (at) => JSON.stringify({ time: new Date(at).toISOString(), ...line() });
const logfmt = (at) => {
  const { message, ...fields } = line();
  return Object.entries({ time: new Date(at).toISOString(), ...fields, msg: JSON.stringify(message) }).map(([name, value]) => `${name}=${value}`).join(" ");
};
const syslog = (at) => `<${16 * 8 + Math.floor(Math.random() * 8)}>1 ${new Date(at).toISOString()} gw-${1 + Math.floor(Math.random() * 8)} sshd ${300 + Math.floor(Math.random() * 9000)} - - ${["Accepted publickey for deploy", "session opened for user root", "Connection reset by peer"][Math.floor(Math.random() * 3)]}`;
const hostile = (at) => (Math.random() < 0.2 ? HOSTILE[Math.floor(Math.random() * HOSTILE.length)] : json(at));
const sensor = (seed) => (at) => `time=${new Date(at).toISOString()} ${reading({ seed }, at).message}`;

function serve(write, past) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.resume();
    const now = Date.now();
    let lines = "";
    // More and more often, up to now.
    for (let n = 0; n < past; n += 1) lines += `${write(now - ((past - n) / past) ** 1.5 * PAST_MS)}\n`;
    past = 0;
    socket.write(lines);
  });
  const put = () => {
    const text = `${write(Date.now())}\n`;
    for (const socket of sockets) if (socket.writableLength < UNSENT_BYTES_MAX) socket.write(text);
  };
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve({ target: `127.0.0.1:${server.address().port}`, put, stop })));
}

/** A port at which nobody is. */
function closed() {
  const server = createServer();
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => {
    const target = `127.0.0.1:${server.address().port}`;
    server.close(() => resolve(target));
  }));
}

/** `rate` lines a second of all servers together, after `history` lines of the past. */
export async function fleet({ rate, history }) {
  const kinds = [json, json, json, logfmt, logfmt, syslog, hostile];
  const plants = [0, 1, 2, 3];
  const past = Math.round(history / (kinds.length + plants.length));
  const services = await Promise.all(kinds.map((write) => serve(write, past)));
  const sensors = await Promise.all(plants.map((seed) => serve(sensor(seed), past)));
  const all = [...services, ...sensors];
  let owed = 0;
  const timer = setInterval(() => {
    owed += (rate * ROUND_MS) / 1000;
    for (; owed >= 1; owed -= 1) all[Math.floor(Math.random() * all.length)].put();
  }, ROUND_MS);
  return {
    services: [...services.map((each) => each.target), await closed(), await closed()],
    sensors: sensors.map((each) => each.target),
    stop: () => {
      clearInterval(timer);
      for (const each of all) each.stop();
    },
  };
}
