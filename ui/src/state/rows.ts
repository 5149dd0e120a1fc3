// The rows of a list: a window onto a longer series, in order, bounded in rows and in bytes. Who shows them hears of each change, and so
// can keep what is on the screen where it is.
import { signal } from "./signals";
import type { LogRecord } from "../api/types";
import { keyOf } from "../lib/records";

export interface RecordRow {
  kind: "record";
  key: string;
  /** Its time in milliseconds. */
  at: number;
  record: LogRecord;
}

/** In place of records that are not shown. */
export interface GapRow {
  kind: "gap";
  key: string;
  count: number;
  unit: "lines" | "bytes";
  why: "rate" | "slow" | "gone";
  /** The positions between which they are, where that is known. */
  from: number | null;
  to: number | null;
}

export type Row = RecordRow | GapRow;

/** What became of the rows: so many went and came at either end. */
export interface Change {
  reset: boolean;
  frontRemoved: number;
  frontAdded: number;
  backRemoved: number;
  backAdded: number;
}

export const ROWS_MAX = 20_000;
const BYTES_MAX = 48 * 1024 * 1024;
/** So many go at once: the list has less to do. */
const GO_AT_ONCE = 1000;

let nextGap = 0;

export function recordRow(record: LogRecord): RecordRow {
  return { kind: "record", key: keyOf(record), at: Date.parse(record.time), record };
}

export function gapRow(count: number, why: GapRow["why"], from: number | null, to: number | null, unit: GapRow["unit"] = "lines"): GapRow {
  return { kind: "gap", key: `gap-${nextGap++}`, count, unit, why, from, to };
}

/** About what a row takes in memory. */
function weigh(row: Row): number {
  if (row.kind === "gap") return 100;
  const { record } = row;
  let bytes = 300 + 2 * record.message.length;
  for (const name in record) {
    const value = record[name];
    bytes += 40 + (typeof value === "string" ? value.length : typeof value === "object" && value !== null ? 200 : 0);
  }
  return bytes;
}

/** Owns the rows. Bounded by `ROWS_MAX` and `BYTES_MAX`: what is added at one end goes at the other. */
export class Rows {
  readonly version = signal(0);
  private rows: Row[] = [];
  private weights: number[] = [];
  private bytes = 0;
  private keys = new Set<string>();
  private takers = new Set<(change: Change) => void>();

  get length(): number {
    return this.rows.length;
  }

  get bytesKept(): number {
    return this.bytes;
  }

  at(index: number): Row | undefined {
    return this.rows[index];
  }

  has(key: string): boolean {
    return this.keys.has(key);
  }

  indexOf(key: string): number {
    return this.keys.has(key) ? this.rows.findIndex((row) => row.key === key) : -1;
  }

  find(from: number, step: 1 | -1, wanted: (row: Row) => boolean): number {
    for (let at = from + step; at >= 0 && at < this.rows.length; at += step) if (wanted(this.rows[at]!)) return at;
    return -1;
  }

  listen(taker: (change: Change) => void): () => void {
    this.takers.add(taker);
    return () => this.takers.delete(taker);
  }

  reset(rows: Row[]): void {
    this.rows = [];
    this.weights = [];
    this.bytes = 0;
    this.keys.clear();
    const added = this.fresh(rows);
    this.put(added, "back");
    this.tell({ reset: true, frontRemoved: 0, frontAdded: 0, backRemoved: 0, backAdded: added.length });
  }

  /** Adds rows behind the last one; those that are there already are left out. Says how many went at the front. */
  append(rows: Row[]): number {
    const added = this.fresh(rows);
    if (added.length === 0) return 0;
    this.put(added, "back");
    const frontRemoved = this.shrink("front");
    this.tell({ reset: false, frontRemoved, frontAdded: 0, backRemoved: 0, backAdded: added.length });
    return frontRemoved;
  }

  /** Adds rows before the first one; says how many went at the back. */
  prepend(rows: Row[]): number {
    const added = this.fresh(rows);
    if (added.length === 0) return 0;
    this.put(added, "front");
    const backRemoved = this.shrink("back");
    this.tell({ reset: false, frontRemoved: 0, frontAdded: added.length, backRemoved, backAdded: 0 });
    return backRemoved;
  }

  /** The last row, when it is a gap of that kind, has grown. */
  growGap(why: GapRow["why"], count: number, to: number | null): boolean {
    const last = this.rows[this.rows.length - 1];
    if (last?.kind !== "gap" || last.why !== why) return false;
    this.rows[this.rows.length - 1] = { ...last, count: last.count + count, to: to ?? last.to };
    this.version.value += 1;
    return true;
  }

  private fresh(rows: Row[]): Row[] {
    return rows.filter((row) => {
      if (this.keys.has(row.key)) return false;
      this.keys.add(row.key);
      return true;
    });
  }

  private put(rows: Row[], end: "front" | "back"): void {
    const weights = rows.map(weigh);
    for (const weight of weights) this.bytes += weight;
    if (end === "back") {
      for (const row of rows) this.rows.push(row);
      for (const weight of weights) this.weights.push(weight);
    } else {
      this.rows = rows.concat(this.rows);
      this.weights = weights.concat(this.weights);
    }
  }

  private shrink(end: "front" | "back"): number {
    if (this.rows.length <= ROWS_MAX && this.bytes <= BYTES_MAX) return 0;
    const least = Math.max(0, this.rows.length - ROWS_MAX) + GO_AT_ONCE;
    let going = 0;
    let bytes = this.bytes;
    while (going < this.rows.length - 1 && (going < least || bytes > BYTES_MAX)) {
      bytes -= this.weights[end === "front" ? going : this.rows.length - 1 - going]!;
      going += 1;
    }
    const start = end === "front" ? 0 : this.rows.length - going;
    for (const row of this.rows.splice(start, going)) this.keys.delete(row.key);
    this.weights.splice(start, going);
    this.bytes = bytes;
    return going;
  }

  private tell(change: Change): void {
    for (const taker of this.takers) taker(change);
    this.version.value += 1;
  }
}
