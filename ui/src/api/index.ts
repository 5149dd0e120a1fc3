// Each question that the page asks, one function each.
import { ask, json, Problem, soon } from "./http";
import type { Context, Facets, Field, Histogram, LogRecord, Peers, ProblemBody, Queue, SearchEnd, Status, Table } from "./types";

export * from "./types";
export { address, ask, json, locked, login, message, Problem, withToken } from "./http";

export interface Span {
  from: string | null;
  to: string | null;
}

export interface Page {
  records: LogRecord[];
  end: SearchEnd;
}

export interface PageQuery {
  limit: number;
  order?: "newest" | "oldest";
  cursor?: string | null;
  peer?: string;
  source?: string;
}

/** What a record is known by: the position of its line, and which of the line's records it is. */
export interface RecordId {
  position: number;
  nth?: number;
}

/** One page of records. The answer comes line by line; without its last line it was cut off. */
export async function search(q: string, span: Span, options: PageQuery, signal?: AbortSignal): Promise<Page> {
  const response = await ask("search", { q, ...span, ...options }, { signal: signal ?? null });
  const records: LogRecord[] = [];
  const ends: SearchEnd[] = [];
  const take = (line: string) => {
    if (line === "") return;
    const value = JSON.parse(line) as LogRecord & { end?: SearchEnd; error?: ProblemBody };
    // A record has a position; what ends the answer has none, whatever a record's fields are called.
    if (typeof value.position === "number") records.push(value);
    else if (value.error) throw new Problem(value.error);
    else if (value.end) ends.push(value.end);
  };
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop()!;
    lines.forEach(take);
  }
  take(rest);
  const end = ends[0];
  if (!end) throw new Problem({ title: "Cut off", status: 0, code: "cut_off", detail: "the answer was cut off; ask again" });
  return { records, end };
}

export const searchSql = (q: string, span: Span, limit: number, signal?: AbortSignal) =>
  json<{ sql: string; canonical: string }>("search/sql", { q, ...span, limit }, { signal: signal ?? null });

export const histogram = (q: string, span: Span, buckets: number, signal?: AbortSignal) =>
  json<Histogram>("histogram", { q, ...span, buckets }, { signal: signal ?? null });

export const facets = (q: string, span: Span, fields: string[], limit: number, prefix?: string, signal?: AbortSignal) =>
  json<Facets>("facets", { q, ...span, fields: fields.join(","), limit, prefix }, { signal: signal ?? null });

export const fields = (signal?: AbortSignal) => json<{ fields: Field[] }>("fields", {}, { signal: signal ?? null }).then((answer) => answer.fields);

export const record = ({ position, nth }: RecordId, signal?: AbortSignal) => json<LogRecord>(`record/${position}`, { nth }, { signal: signal ?? null });

export const context = ({ position, nth }: RecordId, before: number, after: number, signal?: AbortSignal) =>
  json<Context>("context", { position, nth, before, after }, { signal: signal ?? null });

export const status = (signal?: AbortSignal) => json<Status>("status", {}, { signal: soon(signal) });

/** Who is further behind than this is not waited for: following would begin with a long past. */
const BEHIND_BYTES_MAX = 16 * 1024 * 1024;

/** Everything up to here has passed the pipelines: what a search finds of it, it finds now, and the rest a tail tells. */
export async function passed(signal?: AbortSignal): Promise<number | null> {
  const { pipelines } = await status(signal);
  const positions = pipelines.filter((pipeline) => pipeline.state !== "ended" && pipeline.behind_bytes <= BEHIND_BYTES_MAX).map((pipeline) => pipeline.position);
  return positions.length > 0 ? Math.min(...positions) : null;
}

export const queues = (signal?: AbortSignal) => json<{ queues: Queue[] }>("queues", {}, { signal: soon(signal) }).then((answer) => answer.queues);

export interface PeerQuery {
  q?: string;
  state?: string;
  source?: string;
  sort?: string;
  order?: "asc" | "desc";
  offset?: number;
  limit?: number;
}

export const peers = (query: PeerQuery, signal?: AbortSignal) => json<Peers>("peers", { ...query }, { signal: soon(signal) });

export async function sql(statement: string, limit: number, signal?: AbortSignal): Promise<Table> {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ sql: statement, limit }), signal: signal ?? null };
  const table = await json<Table>("sql", {}, init);
  if (table.error) throw new Problem(table.error);
  return table;
}
