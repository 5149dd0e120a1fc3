// What stands between histogram and list: how many there are, how they are shown, how they are taken away.
import { address, searchSql, withToken } from "../../api/index";
import { Button, Menu } from "../parts";
import { Icon } from "../icons";
import { count } from "../../lib/format";
import { plain } from "../../lib/text";
import { follow, loading, moreNewer, moreOlder, query, rows, span } from "../../state/explore";
import { go } from "../../state/route";
import { copy, note } from "../../state/notes";
import { columns, facetsOpen, inlineFields, wrap } from "../../state/settings";
import { message } from "../../api/index";
import { permalink } from "./detail";
import { RATE_MAX } from "../../state/follow";

export function Toolbar() {
  return (
    <div class="toolbar" role="toolbar" aria-label="The list">
      <Button icon="filter" label="Fields" text={<span class="wide-only">Fields</span>} kind="ghost" pressed={facetsOpen.value} onClick={() => { facetsOpen.value = !facetsOpen.value; }} />
      <Counts />
      <span class="grow" />
      <Button icon="wrap" label="Wrap lines" hint="x" kind="ghost" pressed={wrap.value} onClick={() => { wrap.value = !wrap.value; }} />
      <Columns />
      <Button icon="sql" label="The SQL behind this search" text={<span class="wide-only">SQL</span>} kind="ghost" onClick={() => void showSql()} />
      <Button icon="link" label="Copy a link: absolute range, columns, selected row" kind="ghost" onClick={() => void copy(permalink(), "a link to what you see")} />
      <Download />
    </div>
  );
}

function Counts() {
  void rows.version.value;
  const tail = follow.value;
  if (tail) {
    const state = tail.paused.value ? "paused" : tail.state.value;
    const words = { connecting: "connecting", live: "live", waiting: "connecting again", failed: "ended", stopped: "ended", paused: "paused" }[state];
    return (
      <span class="counts" role="status" aria-live="off">
        <span class={`live-state ${state}`} title={tail.why.value || undefined}><i />{words}</span>
        <span class="wide-only">received <b data-count="received">{count(tail.received.value)}</b></span>
        <span>shown <b data-count="shown">{count(tail.shown.value)}</b></span>
        <span title={`More than ${count(RATE_MAX)} lines a second are counted, not shown`}>skipped <b data-count="skipped" class={tail.skipped.value > 0 ? "warn-text" : ""}>{count(tail.skipped.value)}</b></span>
      </span>
    );
  }
  const edge = moreOlder.value || moreNewer.value;
  return <span class="counts" role="status">{loading.value ? "Searching…" : <><b>{count(rows.length)}</b> {edge ? "loaded, more as you scroll" : "loaded, all there are"}</>}</span>;
}

function Columns() {
  const move = (at: number, by: number) => {
    const next = [...columns.value];
    const [moved] = next.splice(at, 1);
    next.splice(at + by, 0, moved!);
    columns.value = next;
  };
  return (
    <Menu icon="columns" label="Columns" right ghost>
      {() => <div class="column-menu">
        <h2>Columns</h2>
        {columns.value.map((name, at) => (
          <div key={name} class="column-line">
            <span>{plain(name)}</span>
            <button type="button" class="button ghost square tiny" aria-label={`Move ${name} to the front`} disabled={at === 0} onClick={() => move(at, -1)}><Icon name="up" /></button>
            <button type="button" class="button ghost square tiny" aria-label={`Move ${name} to the back`} disabled={at === columns.value.length - 1} onClick={() => move(at, 1)}><Icon name="lower" /></button>
            <button type="button" class="button ghost square tiny" aria-label={`Remove ${name}`} onClick={() => { columns.value = columns.value.filter((each) => each !== name); }}><Icon name="close" /></button>
          </div>
        ))}
        {columns.value.length === 0 && <p class="faint">None but time, level and message. Add one at a field.</p>}
        <label class="check"><input type="checkbox" checked={inlineFields.value} onChange={(event) => { inlineFields.value = event.currentTarget.checked; }} /> Fields behind the message</label>
        {columns.value.join() !== "peer" && <button type="button" class="item" onClick={() => { columns.value = ["peer"]; }}>As at first</button>}
      </div>}
    </Menu>
  );
}

const FORMATS = [["ndjson", "NDJSON", "one JSON object a line"], ["csv", "CSV", "for tables"], ["parquet", "Parquet", "columns, typed"], ["arrow", "Arrow", "IPC stream"]] as const;

/** In a shell, whatever is in it. */
const shell = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;

function Download() {
  const url = (format: string) => address("export", { q: query.value, ...span(), format }).href;
  const curl = () => `curl -fsS ${withToken.value ? '-H "Authorization: Bearer $CATCHMENT_TOKEN" ' : ""}${shell(url("ndjson"))} -o catchment.ndjson`;
  return (
    <Menu icon="down" label="Download" right ghost text={<span class="wide-only">Download</span>}>
      {(close) => <div class="download-menu">
        <p class="faint">All lines of this search and range, the oldest first.</p>
        {FORMATS.map(([format, name, what]) => <a key={format} class="item" href={url(format)} download={`catchment.${format}`} onClick={close}><span>{name}</span><span class="faint">{what}</span></a>)}
        <button type="button" class="item" onClick={() => { void copy(curl(), "a curl line"); close(); }}><span>Copy as curl</span><span class="faint">for scripts</span></button>
      </div>}
    </Menu>
  );
}

async function showSql(): Promise<void> {
  try {
    const { sql } = await searchSql(query.value, span(), 1000);
    go("sql", { sql });
  } catch (error) {
    note(message(error), true);
  }
}
