// Searches that somebody gave a name: kept in this browser, the newest first, and so many at most.
import { batch } from "./signals";
import { change, query, range } from "./explore";
import { columns, stored } from "./settings";
import { parseSpan, spanText } from "../lib/time";

export interface Saved {
  name: string;
  q: string;
  /** How far it looks back; `null` leaves the range as it is. */
  last: string | null;
  columns: string[];
}

const SAVED_MAX = 100;
const NAME_MAX = 120;

const isSaved = (value: unknown) => Array.isArray(value) && value.every((each: Partial<Saved> | null) => typeof each === "object" && each !== null
  && typeof each.name === "string" && typeof each.q === "string" && (each.last === null || typeof each.last === "string")
  && Array.isArray(each.columns) && each.columns.every((name) => typeof name === "string"));

export const saved = stored<Saved[]>("saved", [], isSaved);

/** Keeps what is looked at under a name; one of the same name goes. */
export function save(name: string): void {
  const called = name.trim().slice(0, NAME_MAX) || query.value || "everything";
  const at = range.value;
  const one: Saved = { name: called, q: query.value, last: "last" in at ? spanText(at.last) : null, columns: columns.value };
  saved.value = [one, ...saved.value.filter((each) => each.name !== called)].slice(0, SAVED_MAX);
}

export function forget(name: string): void {
  saved.value = saved.value.filter((each) => each.name !== name);
}

export function open(one: Saved): void {
  const last = one.last === null ? null : parseSpan(one.last);
  batch(() => {
    columns.value = one.columns;
    change({ query: one.q, ...(last === null ? {} : { range: { last } }) });
  });
}
