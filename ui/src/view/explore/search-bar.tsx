// The search: coloured as it is typed, with names and values to complete it, earlier searches, and errors at their column.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { facets, type Problem } from "../../api/index";
import { Icon } from "../icons";
import { plain } from "../../lib/text";
import { short } from "../../lib/format";
import { fieldName, quote, tokens, typing } from "../../lib/query";
import { change, problem, query, span } from "../../state/explore";
import { knownFields } from "../../state/fields";
import { saved } from "../../state/saved";
import { searches } from "../../state/settings";

interface Choice {
  text: string;
  detail: string;
  /** What the search is after it was chosen, and where the cursor. */
  apply: () => { value: string; cursor: number };
}

const CHOICES_MAX = 12;
const VALUES_AFTER_MS = 120;
const KEYWORDS = ["AND", "OR", "NOT"];

export const searchInput: { current: HTMLInputElement | null } = { current: null };

export function SearchBar() {
  const [draft, setDraft] = useState(query.value);
  const [cursor, setCursor] = useState(0);
  const [open, setOpen] = useState(false);
  const [choices, setChoices] = useState<Choice[]>([]);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const mirror = useRef<HTMLDivElement>(null);
  const committed = query.value;
  useEffect(() => {
    setDraft(committed);
    setOpen(false);
  }, [committed]);
  useEffect(() => {
    searchInput.current = input.current;
    return () => { searchInput.current = null; };
  }, []);

  const here = typing(draft, cursor);
  useEffect(() => {
    if (!open) return;
    const replaceWith = (text: string) => () => ({ value: draft.slice(0, here.from) + text + draft.slice(here.to), cursor: here.from + text.length });
    setActive(-1);
    if (here.field === null) {
      const prefix = here.prefix.toLowerCase();
      const names = knownFields.value.filter((field) => field.name.toLowerCase().startsWith(prefix)).map((field) => ({ text: `${field.name}:`, detail: field.type, apply: replaceWith(`${fieldName(field.name)}:`) }));
      const words = prefix === "" ? [] : KEYWORDS.filter((word) => word.toLowerCase().startsWith(prefix)).map((word) => ({ text: word, detail: "", apply: replaceWith(`${word} `) }));
      const before = searches.value.filter((text) => draft.trim() === "" || (text.startsWith(draft) && text !== draft)).map((text) => ({ text, detail: "before", apply: () => ({ value: text, cursor: text.length }) }));
      const kept = saved.value.filter((one) => draft.trim() === "" || (one.name.toLowerCase().startsWith(draft.trim().toLowerCase()) && one.q !== draft)).slice(0, 4).map((one) => ({ text: one.name, detail: "saved", apply: () => ({ value: one.q, cursor: one.q.length }) }));
      setChoices(draft.trim() === "" ? [...kept, ...before.slice(0, 6), ...names].slice(0, CHOICES_MAX) : [...kept, ...names, ...words, ...before].slice(0, CHOICES_MAX));
      return;
    }
    const stop = new AbortController();
    const field = here.field.replace(/\\(.)/g, "$1");
    const timer = setTimeout(() => {
      facets("", span(), [field], CHOICES_MAX, here.prefix, stop.signal).then((answer) => {
        const values = answer.facets[0]?.values ?? [];
        setChoices(values.map(({ value, count }) => ({ text: String(value), detail: short(count), apply: replaceWith(`${quote(String(value))} `) })));
      }, () => setChoices([]));
    }, VALUES_AFTER_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [open, draft, cursor, here.field, here.prefix, knownFields.value]);

  const shown = open && choices.length > 0;
  const choose = (choice: Choice) => {
    const { value, cursor: at } = choice.apply();
    setDraft(value);
    setCursor(at);
    // Behind the drawing that puts the text in.
    requestAnimationFrame(() => input.current?.setSelectionRange(at, at));
  };
  const submit = () => {
    setOpen(false);
    change({ query: draft.trim() });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!shown) return setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((active + step + choices.length + (active < 0 && step < 0 ? 1 : 0)) % choices.length);
    } else if (event.key === "Tab" && shown && !event.shiftKey) {
      event.preventDefault();
      choose(choices[Math.max(0, active)]!);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (shown && active >= 0) choose(choices[active]!);
      else submit();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (open) setOpen(false);
      else input.current!.blur();
    }
  };
  const moveCursor = () => setCursor(input.current!.selectionStart ?? draft.length);
  const wrong = problem.value?.syntax && problem.value.body.parameter !== undefined && draft.trim() === committed ? problem.value : null;

  return (
    <div class="search">
      <div class={`search-box ${wrong ? "wrong" : ""}`}>
        <Icon name="search" />
        <div class="search-field">
          <div class="search-mirror" ref={mirror} aria-hidden="true"><Coloured text={draft} column={wrong?.body.column ?? null} /></div>
          <input
            ref={input} type="text" value={draft} spellcheck={false} autocomplete="off" autocapitalize="off"
            placeholder="Search: words, &quot;phrases&quot;, field:value, /regex/"
            role="combobox" aria-label="Search" aria-expanded={shown} aria-controls="search-choices" aria-autocomplete="list"
            aria-activedescendant={shown && active >= 0 ? `choice-${active}` : undefined}
            aria-invalid={wrong !== null} aria-describedby={wrong ? "search-wrong" : undefined}
            onInput={(event) => { setDraft(event.currentTarget.value); moveCursor(); setOpen(true); }}
            onKeyDown={onKeyDown} onKeyUp={moveCursor} onClick={() => { moveCursor(); setOpen(true); }} onBlur={() => setOpen(false)}
            onScroll={() => { mirror.current!.scrollLeft = input.current!.scrollLeft; }}
          />
        </div>
        {draft !== "" && <button type="button" class="button ghost square" aria-label="Clear the search" onClick={() => { setDraft(""); change({ query: "" }); input.current!.focus(); }}><Icon name="close" /></button>}
        {draft.trim() !== committed && <button type="button" class="button main" onClick={submit}>Search</button>}
      </div>
      {shown && (
        <ul class="choices" id="search-choices" role="listbox" aria-label="Completions">
          {choices.map((choice, at) => (
            <li key={`${choice.text}/${choice.detail}`} id={`choice-${at}`} role="option" aria-selected={at === active} onPointerDown={(event) => { event.preventDefault(); choose(choice); }}>
              <span>{plain(choice.text)}</span><span class="faint">{choice.detail}</span>
            </li>
          ))}
        </ul>
      )}
      {wrong && <SearchError problem={wrong} text={committed} />}
    </div>
  );
}

function Coloured({ text, column }: { text: string; column: number | null }) {
  const all = useMemo(() => tokens(text), [text]);
  // Columns count characters, JavaScript counts halves of some.
  const wrongAt = column === null ? -1 : [...text].slice(0, column - 1).join("").length;
  return <>
    {all.map((token) => <span key={token.from} class={`token-${token.kind} ${wrongAt >= token.from && wrongAt < token.to ? "token-wrong" : ""}`}>{token.text}</span>)}
    {wrongAt >= text.length && <span class="token-wrong">{"\u00a0"}</span>}
  </>;
}

/** At most so many characters before the place are shown. */
const BEFORE_MAX = 48;

function SearchError({ problem, text }: { problem: Problem; text: string }) {
  const { column, detail, near } = problem.body;
  const characters = [...text].map((character) => plain(character).length === 1 ? character : "\u2423");
  const from = Math.max(0, (column ?? 1) - 1 - BEFORE_MAX);
  return (
    <div class="search-wrong" id="search-wrong" role="alert">
      {column !== undefined && <pre aria-hidden="true">{characters.slice(from, from + 2 * BEFORE_MAX).join("")}{"\n"}{" ".repeat(Math.max(0, column - 1 - from))}<b>^</b></pre>}
      <p>{column !== undefined && <span class="search-column">Column {column}: </span>}{plain(detail)}{near && near.length > 0 && <> Did you mean {near.slice(0, 3).map((name) => plain(name)).join(", ")}?</>}</p>
    </div>
  );
}
