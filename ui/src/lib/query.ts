// The search language, as far as the page must know it: where tokens are, what completes, how a filter is added. What a search means
// only the collector decides.

export type Kind = "word" | "phrase" | "regex" | "field" | "value" | "operator" | "keyword" | "paren" | "not" | "space";

export interface Token {
  kind: Kind;
  from: number;
  to: number;
  text: string;
}

const BARE_END = /[\s()"]/;

/** The tokens of a search, without a gap between them: what is odd is a word. */
export function tokens(text: string): Token[] {
  const out: Token[] = [];
  let at = 0;
  const push = (kind: Kind, to: number) => {
    if (to > at) out.push({ kind, from: at, to, text: text.slice(at, to) });
    at = to;
  };
  let wantsValue = false;
  while (at < text.length) {
    const c = text[at]!;
    if (/\s/.test(c)) {
      push("space", end(text, at, (d) => /\s/.test(d)));
      wantsValue = false;
      continue;
    }
    if (c === "(" || c === ")") {
      push("paren", at + 1);
      wantsValue = false;
      continue;
    }
    if (c === '"') {
      push(wantsValue ? "value" : "phrase", quoted(text, at, '"'));
      wantsValue = false;
      continue;
    }
    if (c === "/" && (wantsValue || at === 0 || /[\s(\-:]/.test(text[at - 1]!))) {
      push(wantsValue ? "value" : "regex", quoted(text, at, "/"));
      wantsValue = false;
      continue;
    }
    if (wantsValue) {
      const operator = /^[<>]=?|^=/.exec(text.slice(at));
      if (operator && out[out.length - 1]!.text === ":") {
        push("operator", at + operator[0].length);
        continue;
      }
      push("value", end(text, at, (d) => !BARE_END.test(d)));
      wantsValue = false;
      continue;
    }
    if (c === "-" && at + 1 < text.length && !/\s/.test(text[at + 1]!)) {
      push("not", at + 1);
      continue;
    }
    const stop = end(text, at, (d) => !BARE_END.test(d));
    const bare = text.slice(at, stop);
    if (bare === "AND" || bare === "OR" || bare === "NOT") {
      push("keyword", stop);
      continue;
    }
    const colon = /^(?:\\.|[^\\:])+?(?=:)/.exec(bare);
    if (colon) {
      push("field", at + colon[0].length);
      push("operator", at + 1);
      wantsValue = true;
      continue;
    }
    push("word", stop);
  }
  return out;
}

function end(text: string, from: number, inside: (c: string) => boolean): number {
  let at = from;
  while (at < text.length && inside(text[at]!)) at += text[at] === "\\" ? 2 : 1;
  return Math.min(Math.max(at, from + 1), text.length);
}

function quoted(text: string, from: number, quote: string): number {
  let at = from + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === "\\" ? 2 : 1;
  return Math.min(at + 1, text.length);
}

/** What is being typed at `cursor`: the name of a field (or a word), or a value of a field. */
export interface Typing {
  field: string | null;
  prefix: string;
  from: number;
  to: number;
}

export function typing(text: string, cursor: number): Typing {
  const all = tokens(text);
  const here = all.findIndex((token) => token.from < cursor && cursor <= token.to);
  const token = all[here];
  if (!token || token.kind === "space" || token.kind === "paren" || token.kind === "not") return { field: null, prefix: "", from: cursor, to: cursor };
  if (token.kind === "operator" || token.kind === "value") {
    let at = here;
    while (at >= 0 && all[at]!.kind !== "field") at -= 1;
    const field = all[at]?.text ?? null;
    if (token.kind === "operator") return { field, prefix: "", from: cursor, to: all[here + 1]?.kind === "value" ? all[here + 1]!.to : cursor };
    return { field, prefix: unquote(token.text.slice(0, cursor - token.from)), from: token.from, to: token.to };
  }
  if (token.kind === "word" || token.kind === "field") return { field: null, prefix: token.text.slice(0, cursor - token.from), from: token.from, to: token.to };
  return { field: null, prefix: "", from: cursor, to: cursor };
}

function unquote(text: string): string {
  return text.replace(/^"/, "").replace(/"$/, "").replace(/\\(.)/g, "$1");
}

/** A value as it is written in a search: in quotes where it needs them. */
export function quote(value: string): string {
  return /^[\p{L}\p{N}_.@/+][\p{L}\p{N}_.@/+:-]*$/u.test(value) && !/^\//.test(value) ? value : `"${value.replace(/[\\"]/g, "\\$&")}"`;
}

/** The name of a field as it is written before its colon. */
export function fieldName(name: string): string {
  return name.replace(/[\s()":\\*]/g, "\\$&");
}

/** The filter that a facet or a detail adds. `null` stands for a record without the field. */
export function filter(field: string, value: string | null, exclude: boolean): string {
  if (value === null) return `${exclude ? "" : "-"}${fieldName(field)}:*`;
  return `${exclude ? "-" : ""}${fieldName(field)}:${quote(value)}`;
}

/** The search with a filter more; the opposite one goes, and one that is there already stays once. */
export function withFilter(text: string, field: string, value: string | null, exclude: boolean): string {
  const added = filter(field, value, exclude);
  const opposite = filter(field, value, !exclude);
  let rest = ` ${text.trim()} `;
  for (const part of [opposite, added]) rest = rest.split(` ${part} `).join(" ");
  const trimmed = rest.trim();
  if (trimmed === "" || trimmed === "*") return added;
  const open = tokens(trimmed).some((token) => token.kind === "keyword" && token.text === "OR");
  return `${open ? `(${trimmed})` : trimmed} ${added}`;
}

/** Whether a filter stands in the search as it was added. */
export function hasFilter(text: string, field: string, value: string | null, exclude: boolean): boolean {
  return ` ${text} `.includes(` ${filter(field, value, exclude)} `);
}

/** The search without that filter. */
export function withoutFilter(text: string, field: string, value: string | null, exclude: boolean): string {
  return ` ${text} `.split(` ${filter(field, value, exclude)} `).join(" ").trim();
}

const HITS_MAX = 32;

/** What of a message is to be highlighted: words, phrases and expressions that a record must hold. `null` when there is nothing. */
export function hits(text: string): RegExp | null {
  const all = tokens(text);
  const sources: string[] = [];
  let negated = false;
  all.forEach((token, at) => {
    const previous = all[at - 1];
    if (token.kind === "not" || (token.kind === "keyword" && token.text === "NOT")) negated = true;
    else if (token.kind === "space") negated = negated && previous?.kind === "keyword";
    else if (token.kind === "regex" || token.kind === "word" || token.kind === "phrase" || token.kind === "value") {
      const about = token.kind === "value" ? fieldOf(all, at) : "message";
      const bare = token.kind !== "value" || !(previous?.kind === "operator" && previous.text !== ":");
      if (!negated && about === "message" && bare) sources.push(source(token.text));
    }
  });
  const known = sources.filter((each) => each !== "").slice(0, HITS_MAX);
  if (known.length === 0) return null;
  try {
    return new RegExp(known.join("|"), "giu");
  } catch {
    // The collector's expressions know more than the browser's: then nothing is highlighted.
    return null;
  }
}

function fieldOf(all: Token[], at: number): string {
  for (let before = at - 1; before >= 0; before -= 1) if (all[before]!.kind === "field") return all[before]!.text;
  return "";
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

function source(token: string): string {
  if (token.startsWith("/")) return token.length > 2 ? `(?:${token.slice(1, -1)})` : "";
  const open = token.endsWith("*") || token.endsWith('*"');
  const words = unquote(token).match(/[\p{L}\p{N}_]+/gu) ?? [];
  if (words.length === 0) return "";
  // As the collector does: words one after the other, whatever stands between them.
  return `(?<![\\p{L}\\p{N}_])${words.map(escape).join("[^\\p{L}\\p{N}_]+")}${open ? "" : "(?![\\p{L}\\p{N}_])"}`;
}
