// Levels, the most serious first: their order, short names and colours in canvases. `none` stands for a record without one.

export const LEVELS = ["fatal", "error", "warn", "notice", "info", "debug", "trace", "none"] as const;

export const SHORT: Record<string, string> = { fatal: "FTL", error: "ERR", warn: "WRN", notice: "NTC", info: "INF", debug: "DBG", trace: "TRC" };

/** The colours are the styles' own: canvases read them there. */
export function colour(level: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--bar-${level}`).trim() || "#888";
}

export const isError = (level: string | undefined) => level === "error" || level === "fatal";
export const isWarning = (level: string | undefined) => level === "warn";
