// What can be judged without a browser.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const source = join(dirname(fileURLToPath(import.meta.url)), "../src");
let directory;
let lib;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), "catchment-ui-"));
  const contents = ["lib/query", "lib/text", "lib/heights", "lib/time", "lib/format", "lib/records", "lib/sse", "state/rows"].map((name) => `export * from "./${name}";`).join("\n");
  await build({ stdin: { contents, resolveDir: source, loader: "ts" }, bundle: true, format: "esm", outfile: join(directory, "lib.mjs"), logLevel: "error" });
  lib = await import(pathToFileURL(join(directory, "lib.mjs")).href);
});
after(() => rmSync(directory, { recursive: true }));

test("tokens_cover_a_search_without_a_gap", () => {
  for (const text of ["", "a b", 'level:error "two words"', "-(status:>=500 OR /re\\/x/) AND", 'open "quote', "a:b:c \\(x", "💥 field:💥", "x:/re(set|fused)/ NOT y"]) {
    assert.equal(lib.tokens(text).map((token) => token.text).join(""), text);
  }
});

test("filters_are_added_once_and_take_the_place_of_their_opposite", () => {
  assert.equal(lib.withFilter("", "level", "error", false), "level:error");
  assert.equal(lib.withFilter("refused level:error", "level", "error", true), "refused -level:error");
  assert.equal(lib.withFilter("refused level:error", "level", "error", false), "refused level:error");
  assert.equal(lib.withFilter("a OR b", "peer", "x:1", false), "(a OR b) peer:x:1");
  assert.equal(lib.withFilter("", "service", 'two "words"', false), 'service:"two \\"words\\""');
});

test("hits_are_words_that_a_record_must_hold", () => {
  const find = (search, text) => [...text.matchAll(lib.hits(search) ?? /$^/g)].map((match) => match[0]);
  assert.deepEqual(find("refused -healthcheck level:error", "Refused by healthcheck, error"), ["Refused"]);
  assert.deepEqual(find('"connection refused"', "connection--refused"), ["connection--refused"]);
  assert.deepEqual(find("conn*", "connection disconnected"), ["conn"]);
  assert.deepEqual(find("/re(set|fused)/", "reset, refused"), ["reset", "refused"]);
  assert.equal(lib.hits("level:error"), null);
});

test("what_would_act_is_marked", () => {
  const marks = (text) => lib.runs(text, null).filter((run) => run.mark).map((run) => run.text);
  assert.deepEqual(marks("a\u202eb\u0007c\u200bd"), ["RLO", "BEL", "ZWSP"]);
  assert.deepEqual(marks("tab\tstays, ünïcödé stays, 💥 stays"), []);
  assert.deepEqual(lib.runs("\u001b[1;31mx\u001b[0my", null), [{ text: "x", style: "bold fg1" }, { text: "y" }]);
  assert.equal(lib.plain("a\u202eb"), "a‹RLO›b");
});

test("heights_find_rows_and_offsets", () => {
  const heights = new lib.Heights();
  heights.append(Array.from({ length: 1000 }, (_, n) => 10 + (n % 3)));
  let offset = 0;
  for (let row = 0; row < 1000; row += 1) {
    assert.equal(heights.offset(row), offset);
    assert.equal(heights.rowAt(offset), row);
    offset += heights.of(row);
  }
  assert.equal(heights.total, offset);
  assert.equal(heights.replaceFront(2, [100]), 100 - 21);
  assert.equal(heights.total, offset + 79);
});

test("rows_are_bounded_and_each_is_there_once", () => {
  const rows = new lib.Rows();
  const record = (position) => lib.recordRow({ position, time: "2026-11-22T14:00:00Z", received: "", source: "s", peer: "p", message: "m".repeat(50) });
  for (let from = 0; from < 100_000; from += 500) rows.append(Array.from({ length: 500 }, (_, n) => record(from + n)));
  assert.ok(rows.length <= lib.ROWS_MAX);
  assert.equal(rows.at(rows.length - 1).key, "99999");
  const before = rows.length;
  rows.append([record(99_999), record(99_998)]);
  assert.equal(rows.length, before);
  // A line may have become several records.
  rows.append([{ ...record(99_999).record, nth: 2 }].map(lib.recordRow));
  assert.deepEqual([rows.length - before, rows.at(rows.length - 1).key, lib.idOf("99999.2"), lib.idOf("gap-1")], [1, "99999.2", { position: 99_999, nth: 2 }, null]);
  const large = new lib.Rows();
  for (let n = 0; n < 2000; n += 1) large.append([lib.recordRow({ position: n, time: "", received: "", source: "", peer: "", message: "x".repeat(100_000) })]);
  assert.ok(large.bytesKept < 64 * 1024 * 1024, `${large.bytesKept}`);
});

test("events_are_read_however_they_are_cut", () => {
  const text = ": quiet\n\nid: 7\nevent: record\ndata: {\"a\":1}\n\nevent: end\r\ndata: x\r\ndata: y\r\n\r\n";
  for (let cut = 1; cut < text.length; cut += 1) {
    const parser = new lib.EventParser();
    const events = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
    assert.deepEqual(events, [{ event: "record", data: '{"a":1}', id: "7" }, { event: "end", data: "x\ny", id: "7" }]);
  }
});

test("instants_and_spans_are_read_as_they_are_written", () => {
  assert.equal(lib.parseInstant("2026-11-22T14:02:03.5Z", "local"), Date.UTC(2026, 10, 22, 14, 2, 3, 500));
  assert.equal(lib.parseInstant("2026-11-22 14:02", "utc"), Date.UTC(2026, 10, 22, 14, 2));
  assert.equal(lib.parseInstant("2026-11-22T14:02:03+02:00", "utc"), Date.UTC(2026, 10, 22, 12, 2, 3));
  assert.equal(lib.parseInstant("soon", "utc"), null);
  for (const span of ["5m", "15m", "1h", "6h", "24h", "7d", "30d", "90s"]) assert.equal(lib.spanText(lib.parseSpan(span)), span);
});

test("text_has_a_contrast_of_at_least_four_and_a_half", () => {
  const css = readFileSync(join(source, "styles/tokens.css"), "utf8");
  const luminance = (hex) => {
    const [r, g, b] = [1, 3, 5].map((at) => { const c = parseInt(hex.slice(at, at + 2), 16) / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => { const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x); return (high + 0.05) / (low + 0.05); };
  const wrong = [];
  for (const theme of ["dark", "light"]) {
    const block = css.slice(css.indexOf(`[data-theme="${theme}"]`)).split("\n}")[0];
    const token = (name) => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(block)[1];
    const check = (text, ground) => { const value = contrast(token(text), token(ground)); if (value < 4.5) wrong.push(`${theme}: ${text} on ${ground} is ${value.toFixed(2)}`); };
    const texts = ["text", "muted", "faint", "accent", "level-fatal", "level-error", "level-warn", "level-notice", "level-info", "level-debug", "level-trace", "syntax-keyword", "syntax-string", "syntax-number", "syntax-function"];
    for (const text of texts) for (const ground of ["ground", "panel", "raised", "hover"]) check(text, ground);
    for (const text of ["text", "accent", "faint", "level-fatal", "level-error", "level-warn", "level-notice", "level-info", "level-debug"]) check(text, "accent-soft");
    for (const [text, ground] of [["on-accent", "accent-strong"], ["hit-text", "hit"], ["text", "bad-soft"], ["text", "warn-soft"], ["level-warn", "warn-soft"], ["level-error", "bad-soft"]]) check(text, ground);
  }
  assert.deepEqual(wrong, []);
});
