// Numbers in lines, over time, for each peer; and on, as they come.
import { useEffect, useMemo, useState } from "preact/hooks";
import { message, passed, sql, type Field, type Json, type LogRecord } from "../api/index";
import { Tail } from "../api/tail";
import { BINS, Bins } from "../plot/bins";
import { Chart, type Series } from "../plot/chart";
import { Failed } from "../view/parts";
import { plain } from "../lib/text";
import { fieldName } from "../lib/query";
import { iso, parseSpan, stepFor } from "../lib/time";
import { cell } from "../lib/records";
import { knownFields, refreshFields } from "../state/fields";
import { go, replace, route } from "../state/route";
import { stored } from "../state/settings";

const RANGES = ["5m", "15m", "1h", "6h", "24h"];
const SHOWN_MAX = 8;
const ROWS_MAX = 50_000;
const strings = (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === "string");
const chosen = stored<string[] | null>("sensors", null, (value) => value === null || strings(value));

export function Sensors() {
  useEffect(() => refreshFields(), []);
  const last = parseSpan(route.value.params.get("last") ?? "") ?? 15 * 60_000;
  const peer = route.value.params.get("peer") ?? "";
  const numeric = knownFields.value.filter((field) => !field.core && (field.type === "int" || field.type === "float"))
    // What is measured is seldom a whole number; what is counted or a code often is.
    .sort((a, b) => Number(b.type === "float") - Number(a.type === "float"));
  const shown = chosen.value === null ? numeric.slice(0, 4).map((field) => field.name) : chosen.value.filter((name) => numeric.some((field) => field.name === name));
  const toggle = (name: string) => { chosen.value = shown.includes(name) ? shown.filter((each) => each !== name) : [...shown, name].slice(-SHOWN_MAX); };
  return (
    <main id="page" tabIndex={-1} class="sensors">
      <header>
        <h1>Sensors</h1>
        <div class="chips" role="group" aria-label="Fields">
          {numeric.map((field) => <button key={field.name} type="button" class="chip" aria-pressed={shown.includes(field.name)} onClick={() => toggle(field.name)}>{plain(field.name)}</button>)}
        </div>
        <span class="grow" />
        <input type="search" class="sensor-peer" placeholder="Only this peer" aria-label="Only this peer" value={peer} onChange={(event) => replace("sensors", { ...Object.fromEntries(route.value.params), peer: event.currentTarget.value })} />
        <div class="switch" role="group" aria-label="Range">{RANGES.map((text) => <button key={text} type="button" class="button ghost" aria-pressed={last === parseSpan(text)} onClick={() => replace("sensors", { ...Object.fromEntries(route.value.params), last: text })}>{text}</button>)}</div>
      </header>
      {numeric.length === 0 && <p class="nothing faint">No field is a number yet. Lines like <code>temp=21.5 rpm=1200</code> or JSON with numbers show up here.</p>}
      {shown.length > 0 && <Grid key={`${shown.join()}/${last}/${peer}`} fields={shown.map((name) => numeric.find((field) => field.name === name)!)} last={last} peer={peer} />}
    </main>
  );
}

const DRAW_MS = 1000;
const text = (value: string) => `'${value.replace(/'/g, "''")}'`;
const ofPeer = (peer: string) => (peer ? ` peer:${JSON.stringify(peer)}` : "");

/** What comes live, for all plots over one connection: a browser has few of them for one server. */
interface Feed {
  /** Everything up to here is in the answers; what follows comes live. */
  passed: number | null;
  takers: Set<(records: LogRecord[]) => void>;
}

function Grid({ fields, last, peer }: { fields: Field[]; last: number; peer: string }) {
  const [feed, setFeed] = useState<Feed | null>(null);
  const [wrong, setWrong] = useState("");
  const [lost, setLost] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    let end = () => {};
    const begin = async () => {
      const position = await passed(stop.signal);
      const takers: Feed["takers"] = new Set();
      setFeed({ passed: position, takers });
      const any = fields.map((field) => `${fieldName(field.name)}:*`).join(" OR ");
      const tail = new Tail(`(${any})${ofPeer(peer)}`, position === null ? null : String(position), { records: (records) => takers.forEach((take) => take(records)), skipped: () => {} });
      const quiet = tail.state.subscribe((state) => setLost(state === "waiting"));
      end = () => {
        quiet();
        tail.stop();
      };
    };
    begin().catch((error) => { if (!stop.signal.aborted) setWrong(message(error)); });
    return () => {
      stop.abort();
      end();
    };
  }, []);
  return <>
    {wrong && <Failed text={wrong} />}
    {lost && <div class="banner" role="status">The connection is lost; what came meanwhile will be shown.</div>}
    <div class="sensor-grid">{feed && fields.map((field) => <Sensor key={field.name} field={field} last={last} peer={peer} feed={feed} />)}</div>
  </>;
}

function Sensor({ field, last, peer, feed }: { field: Field; last: number; peer: string; feed: Feed }) {
  const step = useMemo(() => stepFor(last, BINS), [last]);
  const name = `"${field.name.replace(/"/g, '""')}"`;
  const [drawn, setDrawn] = useState<{ at: number[]; series: Series[]; others: number; now: number }>({ at: [], series: [], others: 0, now: Date.now() });
  const [wrong, setWrong] = useState("");
  const where = (from: number) => `${name} IS NOT NULL AND time >= ${text(iso(from))}${peer ? ` AND peer = ${text(peer)}` : ""}`;
  const statement = (from: number, more = "") => `SELECT date_bin(INTERVAL '${step} milliseconds', time) AS t, peer, avg(${name}) AS value, count(*) AS n\nFROM logs\nWHERE ${where(from)}${more}\nGROUP BY 1, 2\nORDER BY 1`;
  useEffect(() => {
    const stop = new AbortController();
    const bins = new Bins(step, Date.now());
    let timer = 0;
    const draw = () => {
      const now = Date.now();
      bins.advance(now);
      if (!document.hidden) setDrawn({ ...bins.series(), others: bins.others.size, now });
      timer = window.setTimeout(draw, DRAW_MS);
    };
    const take = (records: LogRecord[]) => {
      bins.advance(Date.now());
      for (const record of records) {
        const written = cell(record, field.name);
        const value = Number(written);
        if (written !== "" && Number.isFinite(value)) bins.add(record.peer, Date.parse(record.time), value, 1);
      }
    };
    const begin = async () => {
      const limit = feed.passed === null ? "" : ` AND position <= ${feed.passed}`;
      const answer = await sql(statement(Date.now() - last, limit), ROWS_MAX, stop.signal);
      // Those that send most are drawn.
      const sums = new Map<string, number>();
      for (const row of answer.rows) sums.set(String(row[1]), (sums.get(String(row[1])) ?? 0) + Number(row[3]));
      const most = (row: Json[]) => sums.get(String(row[1])) ?? 0;
      for (const row of [...answer.rows].sort((a, b) => most(b) - most(a))) {
        const n = Number(row[3]);
        bins.add(String(row[1]), Date.parse(String(row[0])), Number(row[2]) * n, n);
      }
      draw();
    };
    feed.takers.add(take);
    begin().catch((error) => { if (!stop.signal.aborted) setWrong(message(error)); });
    return () => {
      stop.abort();
      feed.takers.delete(take);
      clearTimeout(timer);
    };
  }, []);
  return (
    <section class="sensor" aria-label={field.name}>
      <header>
        <h2>{plain(field.name)}</h2>
        {drawn.others > 0 && <span class="faint">{drawn.others} more peers</span>}
        <span class="grow" />
        <button type="button" class="button ghost" onClick={() => go("sql", { sql: statement(Date.now() - last) })}>SQL</button>
      </header>
      {wrong ? <Failed text={wrong} /> : <Chart label={`${field.name} over time`} at={drawn.at} series={drawn.series} kind="line" height={190} from={drawn.now - last} to={drawn.now} sync="sensors" onZoom={(from, until) => go("explore", { q: `${fieldName(field.name)}:*${ofPeer(peer)}`, from: iso(from), to: iso(until) })} />}
    </section>
  );
}
