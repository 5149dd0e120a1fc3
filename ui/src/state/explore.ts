// What Explore looks at: one search over one range, as a window of rows that grows at both ends, and perhaps followed live.
import { batch, computed, signal } from "./signals";
import { Follow } from "./follow";
import { route, replace } from "./route";
import { recordRow, Rows, ROWS_MAX } from "./rows";
import { columns, remember, searches } from "./settings";
import { message, passed, Problem, record as fetchRecord, search, type Span } from "../api/index";
import { hasFilter, withFilter, withoutFilter } from "../lib/query";
import { idOf } from "../lib/records";
import { bounds, iso, parseInstant, parseSpan, spanText, type Range } from "../lib/time";

const PAGE_ROWS = 500;
const DEFAULT_RANGE: Range = { last: 15 * 60_000 };

export const rows = new Rows();
export const query = signal("");
export const range = signal<Range>(DEFAULT_RANGE);
/** The instants of the last search: what histogram, facets and downloads are about. */
export const asked = signal<{ from: number; until: number }>(bounds(DEFAULT_RANGE, Date.now()));
/** Counts searches, so that others ask again. */
export const searched = signal(0);
export const loading = signal(false);
export const problem = signal<Problem | null>(null);
export const missing = signal<string | null>(null);
/** More rows are to be had at that end. */
export const moreOlder = signal(false);
export const moreNewer = signal(false);
export const selected = signal<string | null>(null);
/** The row that a permalink names is not there any more. */
export const gone = signal<string | null>(null);
export const follow = signal<Follow | null>(null);
export const live = computed(() => follow.value !== null);
/** Where the list is to go after a search: its `end`, or a row. */
export const target = signal<string>("end");

/** Counts what was begun to be followed, and what was ended. */
let starts = 0;
let running: AbortController | null = null;
/** From where an end goes on: a cursor within the span, or within a narrower one. */
interface Edge {
  cursor: string | null;
  bound: string | null;
  fetching: boolean;
}
const edges: Record<"older" | "newer", Edge> = {
  older: { cursor: null, bound: null, fetching: false },
  newer: { cursor: null, bound: null, fetching: false },
};

export const span = (): Span => ({ from: iso(asked.value.from), to: iso(asked.value.until) });

/** Microseconds of a record's time, one later, as the collector reads them. */
function justBehind(time: string): string {
  const match = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (!match) return time;
  const micros = Number((match[2] ?? "").padEnd(6, "0").slice(0, 6)) + 1;
  return micros > 999_999 ? iso(Math.floor(Date.parse(time) / 1000) * 1000 + 1000) : `${match[1]}.${String(micros).padStart(6, "0")}${match[3]}`;
}

/** Searches anew. With a key, around that record. */
export async function run(around: string | null = null): Promise<void> {
  endFollow();
  running?.abort();
  const stop = (running = new AbortController());
  const at = bounds(range.value, Date.now());
  batch(() => {
    loading.value = true;
    problem.value = null;
    asked.value = at;
    gone.value = null;
    searched.value += 1;
  });
  try {
    if (around === null) await loadEnd(stop.signal);
    else await loadAround(around, stop.signal);
    remember(searches, query.value);
  } catch (error) {
    if (stop.signal.aborted) return;
    batch(() => {
      rows.reset([]);
      moreOlder.value = moreNewer.value = false;
      problem.value = error instanceof Problem ? error : new Problem({ title: "Failed", status: 0, code: "page", detail: message(error) });
    });
  } finally {
    if (running === stop) loading.value = false;
  }
}

async function loadEnd(stop: AbortSignal): Promise<void> {
  const { records, end } = await search(query.value, span(), { limit: PAGE_ROWS }, stop);
  stop.throwIfAborted();
  Object.assign(edges.older, { cursor: end.next, bound: null });
  Object.assign(edges.newer, { cursor: null, bound: null });
  batch(() => {
    target.value = "end";
    rows.reset(records.reverse().map(recordRow));
    moreOlder.value = end.more && end.next !== null;
    moreNewer.value = false;
    missing.value = end.missing;
    if (selected.value !== null && !rows.has(selected.value)) selected.value = null;
  });
}

async function loadAround(key: string, stop: AbortSignal): Promise<void> {
  const id = idOf(key);
  if (!id) return loadEnd(stop);
  let middle;
  try {
    middle = await fetchRecord(id, stop);
  } catch (error) {
    if (!(error instanceof Problem) || error.body.status !== 404) throw error;
    await loadEnd(stop);
    gone.value = key;
    return;
  }
  const { from, to } = span();
  const behind = justBehind(middle.time);
  const [older, newer] = await Promise.all([
    search(query.value, { from, to: behind }, { limit: PAGE_ROWS }, stop),
    // The record may be beyond the range; then nothing of the range is behind it.
    to !== null && Date.parse(behind) >= Date.parse(to) ? null : search(query.value, { from: behind, to }, { limit: PAGE_ROWS, order: "oldest" }, stop),
  ]);
  stop.throwIfAborted();
  Object.assign(edges.older, { cursor: older.end.next, bound: behind });
  Object.assign(edges.newer, { cursor: newer?.end.next ?? null, bound: behind });
  batch(() => {
    target.value = key;
    rows.reset([...older.records.reverse(), ...(newer?.records ?? [])].map(recordRow));
    selected.value = key;
    moreOlder.value = older.end.more && older.end.next !== null;
    moreNewer.value = (newer?.end.more ?? false) && newer?.end.next !== null;
    missing.value = older.end.missing ?? newer?.end.missing ?? null;
  });
}

/** Loads the page before the first row, or behind the last one. One at a time for each end. */
export async function extend(end: "older" | "newer"): Promise<void> {
  const stop = running?.signal;
  const more = end === "older" ? moreOlder : moreNewer;
  const edge = edges[end];
  if (edge.fetching || loading.value || !more.value || !stop || stop.aborted) return;
  // What comes live has the room.
  if (live.value && rows.length > ROWS_MAX - PAGE_ROWS) return;
  edge.fetching = true;
  try {
    const { from, to } = span();
    const part = end === "older" ? { from, to: edge.bound ?? to } : { from: edge.bound ?? from, to };
    const page = await search(query.value, part, { limit: PAGE_ROWS, cursor: edge.cursor, order: end === "older" ? "newest" : "oldest" }, stop);
    if (stop.aborted) return;
    batch(() => {
      edge.cursor = page.end.next;
      more.value = page.end.more && page.end.next !== null;
      if (end === "older") rows.prepend(page.records.reverse().map(recordRow));
      else rows.append(page.records.map(recordRow));
    });
  } catch (error) {
    if (!stop.aborted && error instanceof Problem) problem.value = error;
    more.value = false;
  } finally {
    edge.fetching = false;
  }
}

// What went at one end, for there was too much, is asked for again by its time; what is there twice is shown once.
rows.listen((change) => {
  if (change.frontRemoved > 0) {
    const row = rows.at(rows.find(-1, 1, (each) => each.kind === "record"));
    if (row?.kind === "record") Object.assign(edges.older, { cursor: null, bound: justBehind(row.record.time) });
    moreOlder.value = true;
  }
  if (change.backRemoved > 0) {
    const row = rows.at(rows.find(rows.length, -1, (each) => each.kind === "record"));
    if (row?.kind === "record") Object.assign(edges.newer, { cursor: null, bound: row.record.time });
    moreNewer.value = true;
    stopLive();
  }
});

/** Searches, then follows from where every pipeline was before the search: what it finds twice is shown once, and nothing falls between. */
export async function startLive(): Promise<void> {
  const mine = ++starts;
  let after: string | null = null;
  try {
    const position = await passed();
    if (position !== null) after = String(position);
  } catch {
    // Then it begins with what comes next.
  }
  // Meanwhile somebody may have gone elsewhere, or begun anew.
  if (mine !== starts) return;
  if (!("last" in range.value)) range.value = DEFAULT_RANGE;
  await run();
  if (mine !== starts) return;
  if (!problem.value) follow.value = new Follow(rows, query.value, after);
  writeRoute();
}

export function stopLive(): void {
  starts += 1;
  endFollow();
}

function endFollow(): void {
  follow.value?.stop();
  follow.value = null;
}

export function toggleLive(): void {
  if (live.value) {
    stopLive();
    writeRoute();
  } else {
    void startLive();
  }
}

/** Searches for something else; what is followed stays followed. */
export function change(next: { query?: string; range?: Range }): void {
  const following = live.value && !(next.range && !("last" in next.range));
  batch(() => {
    if (next.query !== undefined) query.value = next.query;
    if (next.range) range.value = next.range;
    selected.value = null;
  });
  if (following) void startLive();
  else void run().then(writeRoute);
  writeRoute();
}

/** Adds a filter to the search, or takes away the one that is there. `null` stands for a record without the field. */
export function toggleFilter(field: string, value: string | null, exclude: boolean): void {
  const there = hasFilter(query.value, field, value, exclude);
  change({ query: (there ? withoutFilter : withFilter)(query.value, field, value, exclude) });
}

/** The parts of the address. Absolute, for links that mean the same tomorrow. */
export function params(absolute: boolean): Record<string, string | undefined> {
  const at = range.value;
  return {
    q: query.value || undefined,
    ...("last" in at && !absolute ? { last: spanText(at.last) } : { from: iso(asked.value.from), to: iso(live.value ? Date.now() : asked.value.until) }),
    columns: columns.value.join(",") || undefined,
    at: selected.value ?? undefined,
    live: live.value && !absolute ? "1" : undefined,
  };
}

export function writeRoute(): void {
  if (route.value.page === "explore") replace("explore", params(false));
}

/** Takes over what the address says, and searches. */
export function readRoute(): void {
  const given = route.value.params;
  const last = parseSpan(given.get("last") ?? "");
  const from = parseInstant(given.get("from") ?? "", "utc");
  const to = parseInstant(given.get("to") ?? "", "utc");
  const at = given.get("at");
  batch(() => {
    query.value = given.get("q") ?? "";
    range.value = last !== null ? { last } : from !== null && to !== null && to > from ? { from, until: to } : DEFAULT_RANGE;
    const chosen = given.get("columns");
    if (chosen !== null) columns.value = chosen.split(",").filter((name) => name !== "");
  });
  stopLive();
  if (given.get("live") === "1") void startLive();
  else void run(at);
}
