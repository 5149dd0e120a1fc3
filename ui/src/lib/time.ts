// Instants and ranges. An instant is milliseconds since 1970; what the collector sends has microseconds, which are kept as text.

export type Zone = "utc" | "local";

/** What a person asked for: the last so many milliseconds, or from one instant until another. */
export type Range = { last: number } | { from: number; until: number };

const UNITS: Record<string, number> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

export const PRESETS: readonly string[] = ["5m", "15m", "1h", "6h", "24h", "7d", "30d"];

const two = (value: number) => String(value).padStart(2, "0");
const three = (value: number) => String(value).padStart(3, "0");

function parts(at: number, zone: Zone) {
  const date = new Date(at);
  return zone === "utc"
    ? { y: date.getUTCFullYear(), mo: date.getUTCMonth() + 1, d: date.getUTCDate(), h: date.getUTCHours(), mi: date.getUTCMinutes(), s: date.getUTCSeconds(), ms: date.getUTCMilliseconds() }
    : { y: date.getFullYear(), mo: date.getMonth() + 1, d: date.getDate(), h: date.getHours(), mi: date.getMinutes(), s: date.getSeconds(), ms: date.getMilliseconds() };
}

/** `2026-11-22`. */
export function day(at: number, zone: Zone): string {
  const p = parts(at, zone);
  return `${p.y}-${two(p.mo)}-${two(p.d)}`;
}

/** `14:02:19.872`. */
export function clock(at: number, zone: Zone, millis = true): string {
  const p = parts(at, zone);
  const text = `${two(p.h)}:${two(p.mi)}:${two(p.s)}`;
  return millis ? `${text}.${three(p.ms)}` : text;
}

/** `2026-11-22 14:02:19.872`. */
export function stamp(at: number, zone: Zone, millis = true): string {
  return Number.isFinite(at) ? `${day(at, zone)} ${clock(at, zone, millis)}` : "–";
}

/** `+01:00` of the browser at that instant, or `UTC`. */
export function zoneName(at: number, zone: Zone): string {
  if (zone === "utc") return "UTC";
  const offset = -new Date(at).getTimezoneOffset();
  const size = Math.abs(offset);
  return `${offset < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** As the collector reads it. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** An instant from a permalink or an input: milliseconds, RFC 3339, or a date and time in `zone`. */
export function parseInstant(text: string, zone: Zone): number | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (trimmed === "now") return Date.now();
  const ago = parseSpan(trimmed.replace(/^(now)?-/, ""));
  if (ago !== null) return Date.now() - ago;
  if (/^\d{12,}$/.test(trimmed)) return Number(trimmed);
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(trimmed);
  if (!match) return null;
  const [, y, mo, d, h = "0", mi = "0", s = "0", fraction = "", offset] = match;
  const ms = Number(fraction.padEnd(3, "0").slice(0, 3));
  const numbers = [Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s), ms] as const;
  if (numbers[1] > 11 || numbers[2] > 31 || numbers[3] > 24 || numbers[4] > 59 || numbers[5] > 60) return null;
  if (offset) {
    const shift = /^z$/i.test(offset) ? 0 : (offset[0] === "-" ? -1 : 1) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2)));
    return Date.UTC(...numbers) - shift * 60_000;
  }
  return zone === "utc" ? Date.UTC(...numbers) : new Date(...numbers).getTime();
}

/** `15m` in milliseconds. */
export function parseSpan(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text.trim());
  return match ? Number(match[1]) * UNITS[match[2]!]! : null;
}

/** `15m`, the shortest that says it exactly. */
export function spanText(ms: number): string {
  // A day is asked for as 24 hours, as the presets say.
  for (const [unit, size] of [["w", 6048e5], ["d", 864e5], ["h", 36e5], ["m", 6e4], ["s", 1e3]] as const) {
    if (ms >= size && ms % size === 0 && !(unit === "w" && ms < 4 * size) && !(unit === "d" && ms === size)) return `${ms / size}${unit}`;
  }
  return `${Math.max(1, Math.round(ms / 1000))}s`;
}

/** The instants of a range as of `now`. */
export function bounds(range: Range, now: number): { from: number; until: number } {
  return "last" in range ? { from: now - range.last, until: now } : range;
}

/** How far back an instant is: `3 s ago`. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  if (ms < 1000) return "now";
  if (ms < 120_000) return `${Math.floor(ms / 1000)} s ago`;
  if (ms < 7_200_000) return `${Math.floor(ms / 60_000)} min ago`;
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h ago`;
  return `${Math.floor(ms / 86_400_000)} d ago`;
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5];

/** The smallest round step that cuts `ms` into at most `most` pieces. */
export function stepFor(ms: number, most: number): number {
  return STEPS.find((step) => ms / step <= most) ?? Math.ceil(ms / most / 6048e5) * 6048e5;
}

/** Round instants between two, for the ticks of an axis. */
export function ticks(from: number, until: number, most: number, zone: Zone): { at: number; text: string }[] {
  const step = stepFor(until - from, Math.max(1, most));
  const shift = zone === "utc" ? 0 : new Date(from).getTimezoneOffset() * 60_000;
  const out: { at: number; text: string }[] = [];
  for (let at = Math.ceil((from - shift) / step) * step + shift; at <= until; at += step) {
    const midnight = clock(at, zone, false) === "00:00:00";
    const text = midnight || step >= 864e5 ? day(at, zone).slice(5) : step >= 6e4 ? clock(at, zone, false).slice(0, 5) : step >= 1e3 ? clock(at, zone, false) : clock(at, zone);
    out.push({ at, text });
  }
  return out;
}
