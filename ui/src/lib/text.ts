// Text of lines, made safe to look at: what would steer a terminal or reorder a line is shown as a mark, colours of terminals become
// classes, hits are found. Nothing here makes HTML; whoever shows a run puts its text into a text node.

/** A piece of a line that is shown in one way. */
export interface Run {
  text: string;
  /** Shown instead of a character that must not act: its name. */
  mark?: string;
  /** Of a terminal's colours: `fg1`, `bold`. */
  style?: string;
  hit?: boolean;
}

const CONTROLS = "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(" ");
const NAMES: Record<number, string> = {
  0x7f: "DEL", 0x61c: "ALM", 0x200b: "ZWSP", 0x200e: "LRM", 0x200f: "RLM", 0x202a: "LRE", 0x202b: "RLE", 0x202c: "PDF", 0x202d: "LRO", 0x202e: "RLO",
  0x2060: "WJ", 0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0xfeff: "BOM", 0x2028: "LS", 0x2029: "PS", 0xad: "SHY", 0x180e: "MVS",
  0x2061: "FA", 0x2062: "IT", 0x2063: "IS", 0x2064: "IP", 0xfff9: "IAA", 0xfffa: "IAS", 0xfffb: "IAT",
};
// Controls but for tab; what orders text; what is not seen.
const ODD = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\udb40][\udc00-\udc7f]/;
const ODD_ALL = new RegExp(ODD.source, "g");
const COLOUR = /\u001b\[([0-9;]*)m/g;

/** At most so many characters of a line are put on the screen in a list; its detail shows all. */
export const SHOWN_MAX = 2000;

function markOf(character: string): Run {
  const code = character.codePointAt(0)!;
  return { text: CONTROLS[code] ?? NAMES[code] ?? `U+${hex(code)}`, mark: `U+${hex(code)}` };
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, "0");
}

/** The text of a single value as one string: odd characters become their marks in angle brackets. For attributes and cells. */
export function plain(text: string): string {
  return ODD.test(text) ? text.replace(ODD_ALL, (c) => `‹${markOf(c).text}›`) : text;
}

/** A line without the colours a terminal would show. */
export function withoutColours(text: string): string {
  return text.includes("\u001b[") ? text.replace(COLOUR, "") : text;
}

/** The runs of a line: colours, marks and hits. `hits` may be null; it must be global. */
export function runs(line: string, hits: RegExp | null, most = Infinity): Run[] {
  const cut = line.length > most;
  const text = cut ? line.slice(0, most) : line;
  const out: Run[] = [];
  if (text.includes("\u001b[")) {
    let style: string[] = [];
    let at = 0;
    for (const match of text.matchAll(COLOUR)) {
      if (match.index > at) pushPlain(out, text.slice(at, match.index), style.join(" "), hits);
      style = colours(style, match[1] ?? "");
      at = match.index + match[0].length;
    }
    if (at < text.length) pushPlain(out, text.slice(at), style.join(" "), hits);
  } else {
    pushPlain(out, text, "", hits);
  }
  if (cut) out.push({ text: `… ${line.length - most} more`, mark: "the rest is in the detail" });
  return out;
}

function pushPlain(out: Run[], text: string, style: string, hits: RegExp | null) {
  if (!hits) return pushMarked(out, text, style, false);
  let at = 0;
  hits.lastIndex = 0;
  for (let match = hits.exec(text); match; match = hits.exec(text)) {
    // An expression that matches nothing would never get on.
    if (match[0] === "") {
      hits.lastIndex += 1;
      continue;
    }
    if (match.index > at) pushMarked(out, text.slice(at, match.index), style, false);
    pushMarked(out, match[0], style, true);
    at = match.index + match[0].length;
  }
  if (at < text.length) pushMarked(out, text.slice(at), style, false);
}

function pushMarked(out: Run[], text: string, style: string, hit: boolean) {
  const put = (run: Run) => {
    if (style) run.style = style;
    if (hit) run.hit = true;
    out.push(run);
  };
  if (!ODD.test(text)) return put({ text });
  let at = 0;
  for (const match of text.matchAll(ODD_ALL)) {
    if (match.index > at) put({ text: text.slice(at, match.index) });
    put(markOf(match[0]));
    at = match.index + match[0].length;
  }
  if (at < text.length) put({ text: text.slice(at) });
}

/** What is left of a terminal's style after one sequence. Colours beyond the sixteen are not shown. */
function colours(before: string[], sequence: string): string[] {
  let style = before;
  const codes = sequence.split(";").map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at]!;
    if (code === 0) style = [];
    else if (code === 1) style = [...without(style, "bold"), "bold"];
    else if (code === 3) style = [...without(style, "italic"), "italic"];
    else if (code === 4) style = [...without(style, "underline"), "underline"];
    else if (code === 22) style = without(style, "bold");
    else if (code >= 30 && code <= 37) style = [...without(style, "fg"), `fg${code - 30}`];
    else if (code >= 90 && code <= 97) style = [...without(style, "fg"), `fg${code - 82}`];
    else if (code === 39) style = without(style, "fg");
    // Their parameters are theirs.
    else if (code === 38 || code === 48) at += codes[at + 1] === 5 ? 2 : 4;
  }
  return style;
}

function without(style: string[], start: string): string[] {
  return style.filter((name) => !name.startsWith(start));
}
