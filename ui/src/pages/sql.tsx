// Ask in SQL: an editor, the rows, and a picture of them where they are over time.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { address, ask, message, Problem, sql as askSql, type Json, type Table as Answer } from "../api/index";
import { openEditor, type Editor } from "../editor/editor";
import { Chart } from "../plot/chart";
import { pivot, shapeOf } from "../plot/pivot";
import { Button, Menu } from "../view/parts";
import { Table, type TableColumn } from "../view/table";
import { bytes, count, span } from "../lib/format";
import { plain, withoutColours } from "../lib/text";
import { stamp } from "../lib/time";
import { note } from "../state/notes";
import { replace, route } from "../state/route";
import { remember, statements, zone } from "../state/settings";
import { knownFields, refreshFields } from "../state/fields";
import { useKeys } from "../state/keys";

const ROWS_MAX = 10_000;
const FIRST = "SELECT date_bin(INTERVAL '1 minute', time) AS minute, level, count(*) AS lines\nFROM logs\nWHERE time >= now() - INTERVAL '1 hour'\nGROUP BY 1, 2\nORDER BY 1";
const EXAMPLES: [string, string][] = [
  ["Lines a minute, by level", FIRST],
  ["Who sends most", "SELECT source, peer, count(*) AS lines, max(time) AS latest\nFROM logs\nGROUP BY source, peer\nORDER BY lines DESC\nLIMIT 100"],
  ["Latest errors", "SELECT time, peer, message\nFROM logs\nWHERE level IN ('error', 'fatal')\nORDER BY time DESC\nLIMIT 200"],
  ["How late lines arrive", "SELECT date_bin(INTERVAL '1 minute', received) AS minute,\n  avg(CAST(received AS BIGINT) - CAST(time AS BIGINT)) / 1e6 AS seconds_late\nFROM logs\nWHERE received >= now() - INTERVAL '1 hour'\nGROUP BY 1\nORDER BY 1"],
];

type View = "table" | "line" | "bar";

// What was asked outlives a look at another page.
let kept: { text: string; answer: Answer | null; took: number } = { text: "", answer: null, took: 0 };

export function Sql() {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const running = useRef<AbortController | null>(null);
  const [answer, setAnswer] = useState<Answer | null>(kept.answer);
  const [took, setTook] = useState(kept.took);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<Problem | null>(null);
  const [view, setView] = useState<View>("table");
  const given = route.value.params.get("sql");

  const run = async () => {
    const text = editor.current!.text().trim().replace(/;\s*$/, "");
    if (text === "") return;
    running.current?.abort();
    const stop = (running.current = new AbortController());
    const began = performance.now();
    setBusy(true);
    setWrong(null);
    editor.current!.mark(null);
    try {
      const got = await askSql(text, ROWS_MAX, stop.signal);
      if (stop.signal.aborted) return;
      const ms = performance.now() - began;
      kept = { text, answer: got, took: ms };
      setAnswer(got);
      setTook(ms);
      if (!shapeOf(got)) setView("table");
      remember(statements, text);
      replace("sql", { sql: text });
    } catch (error) {
      if (stop.signal.aborted) return;
      const problem = error instanceof Problem ? error : new Problem({ title: "Failed", status: 0, code: "page", detail: message(error) });
      setWrong(problem);
      if (problem.body.column !== undefined) editor.current?.mark({ line: problem.body.line ?? 1, column: problem.body.column });
    } finally {
      if (running.current === stop) {
        running.current = null;
        setBusy(false);
      }
    }
  };
  const latest = useRef(run);
  latest.current = run;

  useEffect(() => {
    refreshFields();
    editor.current = openEditor(host.current!, given ?? (kept.text || FIRST), "SQL", () => void latest.current());
    if (given !== null && given !== kept.text) void run();
    return () => {
      running.current?.abort();
      kept.text = editor.current!.text();
      editor.current!.destroy();
    };
  }, []);
  useEffect(() => { editor.current?.complete(knownFields.value); }, [knownFields.value]);
  useEffect(() => {
    if (given === null || given === editor.current!.text() || given === kept.text) return;
    editor.current!.setText(given);
    void run();
  }, [given]);
  useKeys([
    { keys: ["/"], does: "To the editor", group: "SQL", run: () => editor.current?.focus() },
    { keys: ["Ctrl+enter"], does: "Run", group: "SQL", run: () => void run() },
  ]);

  const shape = useMemo(() => (answer ? shapeOf(answer) : null), [answer]);
  const drawn = useMemo(() => (answer && shape && view !== "table" ? pivot(answer, shape) : null), [answer, shape, view]);
  const put = (text: string, close: () => void) => {
    close();
    editor.current!.setText(text);
    void run();
  };
  return (
    <main id="page" tabIndex={-1} class="sql-page">
      <h1 class="off-screen">SQL</h1>
      <section class="editor" aria-label="Statement">
        <div class="editor-host" ref={host} />
        <div class="toolbar">
          {busy ? <Button label="Stop" text="Stop" onClick={() => running.current?.abort()} /> : <Button kind="main" icon="play" label="Run" text="Run" hint="Ctrl Enter" onClick={() => void run()} />}
          <Menu label="Examples" text="Examples">{(close) => EXAMPLES.map(([name, text]) => <button key={name} type="button" class="item" onClick={() => put(text, close)}>{name}</button>)}</Menu>
          {statements.value.length > 0 && <Menu label="History" text="History" wide>{(close) => statements.value.slice(0, 20).map((text) => <button key={text} type="button" class="item mono clip" onClick={() => put(text, close)}>{plain(text.replace(/\s+/g, " "))}</button>)}</Menu>}
          <span class="grow" />
          {answer && !wrong && <span class="counts" role="status"><span><b>{count(answer.rows.length)}</b> {answer.rows.length === 1 ? "row" : "rows"}{answer.truncated ? ", the first ones" : ""} in {span(took)}{answer.work && <span class="wide-only faint">, read {bytes(answer.work.bytes)} of {count(answer.work.parts)} parts</span>}</span></span>}
          {shape && <div class="switch" role="group" aria-label="How it is shown">
            {([["table", "Table"], ["line", "Line"], ["bar", "Bars"]] as const).map(([name, text]) => <Button key={name} icon={name === "bar" ? "chart" : name} label={text} text={<span class="wide-only">{text}</span>} kind="ghost" pressed={view === name} onClick={() => setView(name)} />)}
          </div>}
          {answer && <Menu icon="down" label="Download" right>{(close) => (["csv", "arrow"] as const).map((format) => <button key={format} type="button" class="item" onClick={() => { close(); void download(editor.current!.text(), format); }}>{format === "csv" ? "CSV" : "Arrow"}<span class="faint">all rows</span></button>)}</Menu>}
        </div>
      </section>
      {wrong && <div class="failed" role="alert">{wrong.body.column !== undefined && <b>Line {wrong.body.line ?? 1}, column {wrong.body.column}: </b>}{plain(wrong.message)}{wrong.body.near && wrong.body.near.length > 0 && <> Did you mean {wrong.body.near.slice(0, 3).map((name) => plain(name)).join(", ")}?</>}</div>}
      {answer?.missing && <div class="banner" role="alert">Incomplete: {answer.missing}</div>}
      {answer && (drawn ? <div class="sql-chart"><Chart label="The answer over time" at={drawn.at} series={drawn.series} kind={view === "bar" ? "bar" : "line"} height={Math.max(220, Math.min(460, Math.round(innerHeight * 0.45)))} />{drawn.left > 0 && <p class="faint">{drawn.left} more series are not drawn.</p>}</div> : <Rows answer={answer} />)}
      {!answer && !wrong && <p class="nothing faint">{busy ? "Asking…" : "One SELECT over the table logs. Ctrl Enter runs it."}</p>}
    </main>
  );
}

const CHARACTER_PX = 7.6;

function Rows({ answer }: { answer: Answer }) {
  const [sort, setSort] = useState<{ key: string; order: "asc" | "desc" } | null>(null);
  useEffect(() => setSort(null), [answer]);
  const columns = useMemo(() => answer.columns.map((column, at): TableColumn => {
    const number = column.type === "int" || column.type === "float";
    const longest = answer.rows.slice(0, 200).reduce((most, row) => Math.max(most, cellText(row[at], column.type).length), column.name.length + 2);
    const px = Math.round(Math.min(640, Math.max(64, longest * CHARACTER_PX + 26)));
    return { key: String(at), title: plain(column.name), width: at === answer.columns.length - 1 && !number ? `minmax(${px}px, 1fr)` : `${px}px`, right: number, sortable: true };
  }), [answer, zone.value]);
  const rows = useMemo(() => {
    if (!sort) return answer.rows;
    const at = Number(sort.key);
    const way = sort.order === "asc" ? 1 : -1;
    return [...answer.rows].sort((a, b) => way * compare(a[at], b[at]));
  }, [answer, sort]);
  const cells = (index: number) => rows[index]!.map((value, at) => value === null ? <span class="faint">null</span> : <span title={plain(String(value))}>{cellText(value, answer.columns[at]!.type)}</span>);
  return <Table label="Rows" columns={columns} count={rows.length} rowHeight={24} {...(sort ? { sort } : {})} onSort={(key) => setSort(sort?.key === key ? { key, order: sort.order === "asc" ? "desc" : "asc" } : { key, order: "asc" })} cells={cells} rowKey={(index) => index} />;
}

function cellText(value: Json | undefined, type: string): string {
  if (value === null || value === undefined) return "null";
  if (type === "time" && typeof value === "string") return stamp(Date.parse(value), zone.value);
  if (type === "float" && typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(8)));
  return plain(withoutColours(typeof value === "object" ? JSON.stringify(value) : String(value)).slice(0, 500));
}

function compare(a: Json | undefined, b: Json | undefined): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1;
}

async function download(statement: string, format: "csv" | "arrow"): Promise<void> {
  try {
    const response = await ask("sql", { format }, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ sql: statement.trim().replace(/;\s*$/, "") }) });
    const url = URL.createObjectURL(await response.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = `catchment.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (error) {
    note(`${address("sql").pathname}: ${message(error)}`, true);
  }
}
