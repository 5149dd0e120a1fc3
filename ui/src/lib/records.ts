// The fields of a record, in the order in which they are shown.
import type { RecordId } from "../api/index";
import type { Json, LogRecord } from "../api/types";

const CORE = new Set(["position", "nth", "time", "received", "source", "peer", "level", "message", "flags", "raw", "extra"]);

/** What a record is known by, as text. */
export function keyOf({ position, nth }: RecordId): string {
  return nth ? `${position}.${nth}` : String(position);
}

export function idOf(key: string): RecordId | null {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(key);
  return match ? { position: Number(match[1]), ...(match[2] ? { nth: Number(match[2]) } : {}) } : null;
}

/** The fields that the line itself had. */
export function ownFields(record: LogRecord): [string, Json][] {
  const own: [string, Json][] = [];
  for (const name in record) {
    const value = record[name];
    if (!CORE.has(name) && value !== undefined) own.push([name, value]);
  }
  const extra = record["extra"];
  if (typeof extra === "object" && extra !== null && !Array.isArray(extra)) for (const name in extra) own.push([`extra.${name}`, extra[name]!]);
  return own;
}

/** A value as a person reads it, and as a search writes it. */
export function text(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The value of a column. */
export function cell(record: LogRecord, column: string): string {
  if (column.startsWith("extra.")) {
    const extra = record["extra"];
    return typeof extra === "object" && extra !== null && !Array.isArray(extra) ? text(extra[column.slice(6)]) : "";
  }
  return text(record[column]);
}

/** A message that is JSON, indented; else `null`. */
export function pretty(message: string): string | null {
  const trimmed = message.trim();
  if (!/^[[{]/.test(trimmed) || trimmed.length > 200_000) return null;
  try {
    return JSON.stringify(JSON.parse(trimmed), null, 2);
  } catch {
    return null;
  }
}
