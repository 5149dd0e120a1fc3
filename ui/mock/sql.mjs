// Answers the statements that the page writes itself, and looks that up which it needs of others. No SQL engine.

export class SqlProblem extends Error {
  constructor(code, line, column, detail, near) {
    super(detail);
    Object.assign(this, { code, line, column, near });
  }
}

const table = (columns, rows) => ({ columns: columns.map(([name, type]) => ({ name, type, arrow: { time: "Timestamp(µs, \"UTC\")", int: "Int64", float: "Float64" }[type] ?? "Utf8View" })), rows });

function place(statement, index) {
  const before = statement.slice(0, index).split("\n");
  return [before.length, before.at(-1).length + 1];
}

export function answer(world, statement, limit) {
  const text = statement.replace(/\s+/g, " ").trim();
  if (!/^(select|with|explain)\b/i.test(text)) throw new SqlProblem("syntax", 1, 1, `expected a SELECT, found \`${text.split(" ")[0]}\``);
  if (/\b(insert|update|delete|drop|create|copy)\b/i.test(text)) throw new SqlProblem("forbidden_statement", 1, 1, "only SELECT is answered");
  const unknown = /\b(nope|levle|pear)\b/.exec(statement);
  if (unknown) throw new SqlProblem("unknown_column", ...place(statement, unknown.index), `there is no column \`${unknown[1]}\``, ["level", "peer"]);
  const from = /(?:time|received) >= '([^']+)'/.exec(text)?.[1];
  const since = from ? Date.parse(from) : Date.now() - 3_600_000;
  const known = /position <= (\d+)/.exec(text)?.[1];
  const records = world.records.filter((record) => record.ms >= since && (!known || record.position <= Number(known)));

  const sensor = /date_bin\(INTERVAL '(\d+) milliseconds', time\) AS t, peer, avg\("([^"]+)"\)/i.exec(text);
  if (sensor) {
    const step = Number(sensor[1]);
    const peer = / AND peer = '([^']*)'/.exec(text)?.[1];
    const bins = new Map();
    for (const record of records) {
      const value = record[sensor[2]];
      if (typeof value !== "number" || (peer && record.peer !== peer)) continue;
      const key = `${Math.floor(record.ms / step) * step}\u0000${record.peer}`;
      const bin = bins.get(key) ?? { sum: 0, count: 0 };
      bin.sum += value;
      bin.count += 1;
      bins.set(key, bin);
    }
    const rows = [...bins].map(([key, bin]) => { const [at, name] = key.split("\u0000"); return [new Date(Number(at)).toISOString(), name, bin.sum / bin.count, bin.count]; }).sort((a, b) => (a[0] < b[0] ? -1 : 1));
    return table([["t", "time"], ["peer", "string"], ["value", "float"], ["n", "int"]], rows);
  }
  if (/date_bin\(INTERVAL '1 minute', time\) AS minute, level, count/i.test(text)) {
    const bins = new Map();
    for (const record of records) {
      const key = `${Math.floor(record.ms / 60_000) * 60_000}\u0000${record.level ?? ""}`;
      bins.set(key, (bins.get(key) ?? 0) + 1);
    }
    const rows = [...bins].map(([key, n]) => { const [at, level] = key.split("\u0000"); return [new Date(Number(at)).toISOString(), level || null, n]; }).sort((a, b) => (a[0] < b[0] ? -1 : 1));
    return table([["minute", "time"], ["level", "string"], ["lines", "int"]], rows);
  }
  if (/^select source, peer, count/i.test(text)) {
    const sums = new Map();
    for (const record of world.records) {
      const key = `${record.source}\u0000${record.peer}`;
      const one = sums.get(key) ?? [record.source, record.peer, 0, record.time];
      one[2] += 1;
      one[3] = record.time;
      sums.set(key, one);
    }
    return table([["source", "string"], ["peer", "string"], ["lines", "int"], ["latest", "time"]], [...sums.values()].sort((a, b) => b[2] - a[2]).slice(0, 100));
  }
  if (/^select 1\b/i.test(text)) return table([["Int64(1)", "int"]], [[1]]);
  const rows = world.records.slice(-Math.min(limit, 1000)).reverse();
  return table([["position", "int"], ["time", "time"], ["peer", "string"], ["level", "string"], ["status", "int"], ["message", "string"]], rows.map((record) => [record.position, record.time, record.peer, record.level ?? null, record.status ?? null, record.message]));
}
