// What a person chose about the page; kept in this browser, read and written in one place.
import { effect, signal } from "./signals";
import type { Zone } from "../lib/time";

const PREFIX = "catchment.";

/** A signal whose value outlives the page. What is stored and does not pass `valid` is as if it were not there. */
export function stored<T>(name: string, initial: T, valid: (value: unknown) => boolean) {
  let value = initial;
  try {
    const text = localStorage.getItem(PREFIX + name);
    const found: unknown = text === null ? undefined : JSON.parse(text);
    if (valid(found)) value = found as T;
  } catch {
    // Storage may be forbidden or hold anything.
  }
  const kept = signal(value);
  let first = true;
  effect(() => {
    const text = JSON.stringify(kept.value);
    if (first) {
      first = false;
      return;
    }
    try {
      localStorage.setItem(PREFIX + name, text);
    } catch {
      // Full or forbidden: then it lasts as long as the page.
    }
  });
  return kept;
}

const oneOf = (...values: unknown[]) => (value: unknown) => values.includes(value);
const strings = (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === "string");

export type Theme = "auto" | "dark" | "light";

export const theme = stored<Theme>("theme", "auto", oneOf("auto", "dark", "light"));
export const zone = stored<Zone>("zone", "local", oneOf("utc", "local"));
export const wrap = stored("wrap", false, oneOf(true, false));
export const inlineFields = stored("inline_fields", true, oneOf(true, false));
export const facetsOpen = stored("facets", !matchMedia("(max-width: 1080px)").matches, oneOf(true, false));
export const columns = stored<string[]>("columns", ["peer"], strings);
export const searches = stored<string[]>("searches", [], strings);
export const statements = stored<string[]>("statements", [], strings);

const HISTORY_MAX = 50;

/** Puts something first into a history, once. */
export function remember(history: typeof searches, text: string): void {
  const trimmed = text.trim();
  if (trimmed !== "") history.value = [trimmed, ...history.value.filter((each) => each !== trimmed)].slice(0, HISTORY_MAX);
}

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(darkSystem.matches);
darkSystem.addEventListener("change", (event) => { systemDark.value = event.matches; });

/** What is drawn: canvases depend on it, too. */
export const dark = signal(true);
effect(() => {
  dark.value = theme.value === "dark" || (theme.value === "auto" && systemDark.value);
  document.documentElement.dataset.theme = dark.value ? "dark" : "light";
});
