// The search language, well enough to work on the page: a predicate, or what is wrong and at which column.

export class SyntaxProblem extends Error {
  constructor(column, detail) {
    super(detail);
    this.column = column;
  }
}

const LEVELS = ["trace", "debug", "info", "notice", "warn", "error", "fatal"];

export function compile(text) {
  const characters = [...text];
  let at = 0;
  const peek = () => characters[at];
  const space = () => { while (at < characters.length && /\s/.test(peek())) at += 1; };
  const fail = (where, detail) => { throw new SyntaxProblem(where + 1, detail); };
  const word = (name) => {
    const ahead = characters.slice(at, at + name.length).join("");
    const next = characters[at + name.length];
    if (ahead !== name || (next !== undefined && !/[\s()"]/.test(next))) return false;
    at += name.length;
    return true;
  };
  const until = (quote) => {
    const begin = at;
    at += 1;
    let out = "";
    while (at < characters.length && peek() !== quote) {
      if (peek() === "\\" && at + 1 < characters.length && (quote === '"' || characters[at + 1] === quote)) at += 1;
      out += characters[at];
      at += 1;
    }
    if (at >= characters.length) fail(begin, quote === '"' ? "this quote is not closed; write `\"` at the end of the text" : "this pattern is not closed; write `/` at its end");
    at += 1;
    return out;
  };
  const bare = (name) => {
    let out = "";
    while (at < characters.length && !/[\s()"]/.test(peek()) && !(name && peek() === ":")) {
      if (peek() === "\\" && at + 1 < characters.length) at += 1;
      out += characters[at];
      at += 1;
    }
    return out;
  };
  const regex = (where, source) => {
    try {
      return new RegExp(source, "u");
    } catch {
      return fail(where, `\`/${source}/\` is no regular expression`);
    }
  };
  const words = (source) => (source.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []);
  const says = (source, open) => {
    const wanted = words(source);
    return (record) => {
      const had = words(record.message);
      for (let from = 0; from + wanted.length <= had.length; from += 1) {
        if (wanted.every((each, n) => (open && n === wanted.length - 1 ? had[from + n].startsWith(each) : had[from + n] === each))) return true;
      }
      return wanted.length === 0;
    };
  };
  const field = (name, where) => {
    const comparison = /^(<=|>=|<|>)/.exec(characters.slice(at, at + 2).join(""))?.[0];
    if (comparison) at += comparison.length;
    if (at >= characters.length || /[\s)]/.test(peek())) fail(at, `no value after \`${name}:\`; write one, or \`${name}:*\``);
    const value = (record) => (record[name] === undefined ? undefined : String(record[name]));
    if (peek() === "/") {
      const pattern = regex(at, until("/"));
      return (record) => value(record) !== undefined && pattern.test(value(record));
    }
    const quoted = peek() === '"';
    let wanted = quoted ? until('"') : bare(false);
    if (name === "message" && !comparison) return says(wanted.replace(/\*$/, ""), wanted.endsWith("*"));
    if (comparison) {
      const rank = (text) => (name === "level" ? LEVELS.indexOf(text) : name === "time" || name === "received" ? Date.parse(text) : Number(text));
      return (record) => {
        if (value(record) === undefined) return false;
        const [a, b] = [rank(value(record)), rank(wanted)];
        return comparison === "<" ? a < b : comparison === "<=" ? a <= b : comparison === ">" ? a > b : a >= b;
      };
    }
    if (!quoted && wanted.endsWith("*")) {
      wanted = wanted.slice(0, -1);
      return (record) => value(record)?.startsWith(wanted) ?? false;
    }
    return (record) => value(record) === wanted;
  };
  const one = () => {
    space();
    const where = at;
    if (at >= characters.length) fail(at, "something to find is missing here");
    if (word("NOT")) {
      const inner = one();
      return (record) => !inner(record);
    }
    if (peek() === "-" && at + 1 < characters.length && !/\s/.test(characters[at + 1])) {
      at += 1;
      const inner = one();
      return (record) => !inner(record);
    }
    if (peek() === "(") {
      at += 1;
      const inner = either();
      space();
      if (peek() !== ")") fail(where, "this parenthesis is not closed; write `)`");
      at += 1;
      return inner;
    }
    if (peek() === ")") fail(at, "no parenthesis was opened before this one");
    if (peek() === '"') {
      const phrase = until('"');
      const open = peek() === "*" && (at += 1) > 0;
      return says(phrase.replace(/\*$/, ""), open || phrase.endsWith("*"));
    }
    if (peek() === "/") {
      const pattern = regex(where, until("/"));
      return (record) => pattern.test(record.message);
    }
    const name = bare(true);
    if (peek() === ":") {
      if (name === "") fail(at, "no field before this `:`");
      at += 1;
      return field(name, where);
    }
    if (name === "*") return () => true;
    return says(name.replace(/\*$/, ""), name.endsWith("*"));
  };
  const both = () => {
    const parts = [one()];
    for (;;) {
      space();
      if (at >= characters.length || peek() === ")") break;
      const before = at;
      if (word("OR")) {
        at = before;
        break;
      }
      word("AND");
      parts.push(one());
    }
    return (record) => parts.every((part) => part(record));
  };
  const either = () => {
    const parts = [both()];
    for (space(); word("OR"); space()) parts.push(both());
    return (record) => parts.some((part) => part(record));
  };
  space();
  if (at >= characters.length) return () => true;
  const all = either();
  space();
  if (at < characters.length) fail(at, "no parenthesis was opened before this one");
  return all;
}
