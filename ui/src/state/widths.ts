// How wide a person made the columns of the list; kept in this browser, and only for so many names.
import { computed, signal } from "./signals";
import { columns, stored } from "./settings";

export const WIDTH_MIN_PX = 40;
export const WIDTH_MAX_PX = 1600;
const WIDTHS_MAX = 100;

const isWidths = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((each) => typeof each === "number" && Number.isFinite(each));
const chosen = stored<Record<string, number>>("widths", {}, isWidths);
/** The one whose edge is being dragged: what is kept changes when it is let go. */
const dragged = signal<{ name: string; px: number } | null>(null);

const within = (px: number) => Math.round(Math.max(WIDTH_MIN_PX, Math.min(WIDTH_MAX_PX, px)));

/** In pixels, where somebody chose. */
export const widthOf = (name: string): number | null => (dragged.value?.name === name ? dragged.value.px : chosen.value[name] ?? null);

/** Of each column, as styles that all cells refer to: so a dragged edge changes one element, not every row. */
export const widthStyles = computed(() => Object.fromEntries(columns.value.map((name, at) => {
  const px = widthOf(name);
  return [`--column-${at}`, px === null ? (name === "peer" ? "22ch" : "18ch") : `${px}px`];
})));

export function dragTo(name: string, px: number): void {
  dragged.value = { name, px: within(px) };
}

export function drop(): void {
  if (dragged.value) setWidth(dragged.value.name, dragged.value.px);
  dragged.value = null;
}

/** `null` gives a column its own width back. */
export function setWidth(name: string, px: number | null): void {
  const { [name]: _, ...others } = chosen.value;
  const kept = Object.entries(others).slice(-(WIDTHS_MAX - 1));
  chosen.value = Object.fromEntries(px === null ? kept : [...kept, [name, within(px)]]);
}
