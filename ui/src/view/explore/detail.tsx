// All of one record: its text, its fields, its neighbours.
import { useEffect, useState } from "preact/hooks";
import { context, message, record as fetchRecord, type Context, type Json, type LogRecord } from "../../api/index";
import { Button, Failed, Text } from "../parts";
import { Icon } from "../icons";
import { LogRow } from "./log-row";
import { plain, withoutColours } from "../../lib/text";
import { withFilter } from "../../lib/query";
import { idOf, keyOf, ownFields, pretty, text } from "../../lib/records";
import { stamp, zoneName } from "../../lib/time";
import { change, params, query, rows, selected } from "../../state/explore";
import { href } from "../../state/route";
import { copy } from "../../state/notes";
import { columns, zone } from "../../state/settings";
import { recordRow } from "../../state/rows";
import { signal } from "../../state/signals";

/** Whether the neighbours are shown; a key toggles it. */
export const contextOpen = signal(false);

export function permalink(): string {
  return new URL(href("explore", params(true)), location.href).href;
}

export function Detail({ onClose }: { onClose: () => void }) {
  const key = selected.value;
  const [found, setFound] = useState<LogRecord | null>(null);
  const [wrong, setWrong] = useState("");
  void rows.version.value;
  useEffect(() => {
    setWrong("");
    setFound(null);
    if (key === null) return;
    const id = idOf(key);
    const row = rows.at(rows.indexOf(key));
    if (row?.kind === "record") setFound(row.record);
    const stop = new AbortController();
    // It alone has the raw bytes; and the row may leave the list while it is read.
    if (id) fetchRecord(id, stop.signal).then(setFound, (error) => {
      if (!stop.signal.aborted && row?.kind !== "record") setWrong(message(error));
    });
    return () => stop.abort();
  }, [key]);
  if (key === null) return null;
  return (
    <section class="detail" aria-label="Record">
      <header>
        <h2>Record <span class="faint">{key}</span></h2>
        {found && <>
          <Button icon="context" label="Context" hint="c" kind="ghost" pressed={contextOpen.value} onClick={() => { contextOpen.value = !contextOpen.value; }} />
          <Button icon="copy" label="Copy the line" hint="y" kind="ghost" onClick={() => void copy(found.message, "the line")} />
          <Button label="Copy as JSON" text="{ }" kind="ghost" onClick={() => void copy(JSON.stringify(found), "the record as JSON")} />
          <Button icon="link" label="Copy a link to this record" kind="ghost" onClick={() => void copy(permalink(), "a link to this record")} />
        </>}
        <Button icon="close" label="Close" hint="Esc" kind="ghost" onClick={onClose} />
      </header>
      <div class="detail-scroll">
        {wrong && <Failed text={wrong} />}
        {found && <Body record={found} />}
        {found && contextOpen.value && <Neighbours of={key} key={key} />}
      </div>
    </section>
  );
}

function Body({ record }: { record: LogRecord }) {
  const json = pretty(withoutColours(record.message));
  const [raw, setRaw] = useState(false);
  const time = Date.parse(record.time);
  return <>
    <div class={`detail-text ${record.level ?? "none"}`}>
      <pre dir="ltr" tabIndex={0} aria-label="The line" role="group"><Text text={json !== null && !raw ? json : record.message} /></pre>
      {json !== null && <button type="button" class="button ghost" onClick={() => setRaw(!raw)}>{raw ? "Indent the JSON" : "As it was sent"}</button>}
    </div>
    <table class="fields">
      <tbody>
        <Field name="time" value={record.time} shown={`${stamp(time, zone.value)} ${zoneName(time, zone.value)}`} plainOnly />
        <Field name="received" value={record.received} shown={`${stamp(Date.parse(record.received), zone.value)} ${zoneName(time, zone.value)}`} plainOnly />
        <Field name="level" value={record.level ?? null} />
        <Field name="source" value={record.source} />
        <Field name="peer" value={record.peer} link={href("peer", { source: record.source, peer: record.peer })} />
        {record.flags && <Field name="flags" value={record.flags} />}
        {ownFields(record).map(([name, value]) => <Field key={name} name={name} value={value} plainOnly={name.startsWith("extra.")} />)}
        {typeof record.raw === "string" && <Field name="raw" value={record.raw} shown={bytesOf(record.raw)} plainOnly />}
      </tbody>
    </table>
  </>;
}

/** Base64 as hexadecimal bytes, the first of them. */
function bytesOf(base64: string): string {
  try {
    const bytes = atob(base64);
    return [...bytes.slice(0, 256)].map((c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join(" ") + (bytes.length > 256 ? " …" : "");
  } catch {
    return base64;
  }
}

function Field({ name, value, shown, link, plainOnly }: { name: string; value: Json; shown?: string; link?: string; plainOnly?: boolean }) {
  const written = text(value);
  const composite = typeof value === "object" && value !== null;
  const column = columns.value.includes(name);
  const level = name === "level" ? written : "";
  return (
    <tr>
      <th scope="row">{plain(name)}</th>
      <td class={level}>{link ? <a href={link}><Text text={written} /></a> : value === null ? <span class="faint">none</span> : <Text text={shown ?? (composite ? JSON.stringify(value, null, 2) : written)} />}</td>
      <td class="field-tools">
        {!plainOnly && !composite && <>
          <button type="button" class="button ghost square tiny" aria-label={`Only ${name} = ${written}`} title="Only lines with this value" onClick={() => change({ query: withFilter(query.value, name, value === null ? null : written, false) })}><Icon name="plus" /></button>
          <button type="button" class="button ghost square tiny" aria-label={`Without ${name} = ${written}`} title="Only lines without this value" onClick={() => change({ query: withFilter(query.value, name, value === null ? null : written, true) })}><Icon name="minus" /></button>
        </>}
        {name !== "time" && name !== "level" && name !== "raw" && <button type="button" class="button ghost square tiny" aria-pressed={column} aria-label={`Column ${name}`} title="Show as a column" onClick={() => { columns.value = column ? columns.value.filter((each) => each !== name) : [...columns.value, name]; }}><Icon name="columns" /></button>}
        <button type="button" class="button ghost square tiny" aria-label={`Copy ${name}`} title="Copy the value" onClick={() => void copy(written, name)}><Icon name="copy" /></button>
      </td>
    </tr>
  );
}

const STEP = 10;
const NEIGHBOURS_MAX = 500;

function Neighbours({ of }: { of: string }) {
  const [many, setMany] = useState({ before: STEP, after: STEP });
  const [answer, setAnswer] = useState<Context | null>(null);
  const [active, setActive] = useState<number | null>(null);
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    const id = idOf(of);
    if (id) context(id, many.before, many.after, stop.signal).then((got) => { setAnswer(got); setActive(null); }, (error) => { if (!stop.signal.aborted) setWrong(message(error)); });
    return () => stop.abort();
  }, [of, many]);
  if (wrong) return <Failed text={wrong} />;
  const more = (side: "before" | "after") => (
    <button type="button" class="button ghost neighbours-more" onClick={() => setMany({ ...many, [side]: Math.min(NEIGHBOURS_MAX, many[side] + 2 * STEP) })}>{2 * STEP} more {side}</button>
  );
  // One that the search does not find can be looked at, too.
  const look = (at: number) => {
    const record = answer?.records[at];
    if (record) selected.value = keyOf(record);
  };
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (!answer) return;
    const at = active ?? answer.at;
    const next = event.key === "ArrowDown" ? at + 1 : event.key === "ArrowUp" ? at - 1 : null;
    if (event.key === "Enter") look(at);
    else if (next !== null) {
      setActive(Math.max(0, Math.min(answer.records.length - 1, next)));
      event.currentTarget.children[Math.max(0, Math.min(answer.records.length - 1, next))]?.scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
  };
  return (
    <section class="neighbours" aria-label="Context">
      <h3>Context <span class="faint">the same peer's lines around it</span></h3>
      {answer === null ? <p class="faint">Looking…</p> : <>
        {answer.more_before ? more("before") : <p class="faint">Nothing before</p>}
        <div class="neighbours-rows" role="listbox" aria-label="Lines around it" tabIndex={0} onKeyDown={onKeyDown} onBlur={() => setActive(null)}>
          {answer.records.map((record, at) => <div key={keyOf(record)} role="presentation" class={at === active ? "active" : ""} onClick={() => look(at)}>
            <LogRow row={recordRow(record)} selected={at === answer.at} columns={[]} inline={false} wrap={false} zone={zone.value} withDay={false} hits={null} />
          </div>)}
        </div>
        {answer.more_after ? more("after") : <p class="faint">Nothing after</p>}
      </>}
    </section>
  );
}
