// The SQL editor. It lives in a shadow root: there its styles are sheets of the page's own making, which a strict policy lets through.
import { autocompletion, acceptCompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { SQLDialect, sql } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightSpecialChars, keymap, placeholder, type DecorationSet } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Field } from "../api/index";

export interface Editor {
  text(): string;
  setText(text: string): void;
  /** Underlines the place of an error: line and column from 1. */
  mark(place: { line: number; column: number } | null): void;
  complete(fields: Field[]): void;
  focus(): void;
  destroy(): void;
}

const FUNCTIONS = "count sum avg min max median approx_distinct approx_percentile_cont stddev first_value last_value date_bin date_trunc date_part now to_timestamp coalesce nullif lower upper trim length substr split_part regexp_like regexp_match regexp_replace strpos starts_with ends_with concat round floor ceil abs has_word has_prefix has_phrase";
const KEYWORDS = "select from where group by order having limit offset as and or not in is null like ilike similar between case when then else end distinct asc desc nulls first last with join left right inner outer full on using union all except intersect interval cast try_cast true false over partition exists explain filter values";
const TYPES = "bigint int integer smallint double float real decimal varchar text boolean timestamp date time binary";

const dialect = SQLDialect.define({ keywords: KEYWORDS, builtin: FUNCTIONS, types: TYPES, doubleQuotedStrings: false, identifierQuotes: '"' });

// The page's own colours, which pass into a shadow root.
const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "transparent", fontSize: "13px", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--accent)", padding: "10px 0" },
  ".cm-line": { padding: "0 12px" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--selection)" },
  ".cm-matchingBracket": { background: "var(--selection)", outline: "none" },
  ".cm-placeholder": { color: "var(--faint)" },
  ".cm-wrong": { textDecoration: "underline wavy var(--level-error) 1px", textUnderlineOffset: "3px", background: "var(--bad-soft)" },
  ".cm-specialChar": { color: "var(--level-warn)" },
  ".cm-tooltip": { background: "var(--raised)", border: "1px solid var(--line)", borderRadius: "6px", overflow: "hidden", boxShadow: "var(--shadow)" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12px", maxHeight: "14em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "2px 8px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--accent-soft)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--faint)", fontStyle: "normal" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)" },
  ".cm-completionIcon": { display: "none" },
});

const colours = syntaxHighlighting(HighlightStyle.define([
  { tag: tags.keyword, color: "var(--syntax-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--syntax-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--syntax-number)" },
  { tag: [tags.standard(tags.name), tags.typeName], color: "var(--syntax-function)" },
  { tag: tags.comment, color: "var(--faint)", fontStyle: "italic" },
  { tag: tags.operator, color: "var(--muted)" },
]));

const setMark = StateEffect.define<{ from: number; to: number } | null>();
const wrong = Decoration.mark({ class: "cm-wrong" });
const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setMark)) return effect.value ? Decoration.set([wrong.range(effect.value.from, effect.value.to)]) : Decoration.none;
    return transaction.docChanged ? Decoration.none : value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const language = (fields: Field[]) => sql({
  dialect,
  upperCaseKeywords: true,
  defaultTable: "logs",
  schema: { logs: fields.map((field) => ({ label: /^[a-z_][a-z0-9_]*$/.test(field.name) ? field.name : `"${field.name.replace(/"/g, '""')}"`, type: "property", detail: field.type })) },
});

export function openEditor(host: HTMLElement, initial: string, label: string, run: () => void): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.replaceChildren();
  const names = new Compartment();
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: initial,
      extensions: [
        keymap.of([{ key: "Mod-Enter", run: () => { run(); return true; } }, { key: "Tab", run: acceptCompletion }, ...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        history(), drawSelection(), bracketMatching(), closeBrackets(), autocompletion({ icons: false }), highlightSpecialChars(), EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label }), placeholder("SELECT … FROM logs"), names.of(language([])), look, colours, marks,
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    mark: (place) => {
      if (!place) return view.dispatch({ effects: setMark.of(null) });
      const line = view.state.doc.line(Math.max(1, Math.min(view.state.doc.lines, place.line)));
      // Columns count characters, the editor counts halves of some.
      const from = Math.min(line.to, line.from + [...line.text].slice(0, place.column - 1).join("").length);
      const word = /^[\w"]+/.exec(view.state.doc.sliceString(from, line.to))?.[0].length ?? 1;
      const to = Math.min(view.state.doc.length, from + Math.max(1, word));
      if (to > from) view.dispatch({ effects: setMark.of({ from, to }) });
      else if (from > 0) view.dispatch({ effects: setMark.of({ from: from - 1, to: from }) });
    },
    complete: (fields) => view.dispatch({ effects: names.reconfigure(language(fields)) }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
