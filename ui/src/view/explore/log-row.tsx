// One row of the list.
import { memo } from "../memo";
import { Text } from "../parts";
import { plain, SHOWN_MAX } from "../../lib/text";
import { count, bytes } from "../../lib/format";
import { clock, day, type Zone } from "../../lib/time";
import { SHORT } from "../../lib/levels";
import { cell, ownFields, text } from "../../lib/records";
import { href } from "../../state/route";
import type { GapRow, RecordRow, Row } from "../../state/rows";

interface Props {
  row: Row;
  selected: boolean;
  columns: readonly string[];
  inline: boolean;
  wrap: boolean;
  zone: Zone;
  withDay: boolean;
  hits: RegExp | null;
}

export const LogRow = memo(function LogRow(props: Props) {
  return props.row.kind === "gap" ? <Gap {...props} row={props.row} /> : <Record {...props} row={props.row} />;
});

function Record({ row, selected, columns, inline, wrap, zone, withDay, hits }: Props & { row: RecordRow }) {
  const { record, at } = row;
  const most = wrap ? SHOWN_MAX : 600;
  return (
    <div id={`row-${row.key}`} data-key={row.key} role="option" aria-selected={selected} class={`row ${record.level ?? "none"} ${wrap ? "wrapped" : ""}`}>
      <span class="row-time">{withDay && <span class="row-day">{day(at, zone).slice(5)} </span>}{clock(at, zone)}</span>
      <span class="row-level">{SHORT[record.level ?? ""] ?? ""}</span>
      {columns.map((column, index) => <span key={column} class="row-cell" style={{ width: `var(--column-${index})` }} title={plain(cell(record, column))}><Text text={cell(record, column)} most={200} /></span>)}
      <span class="row-text" dir="ltr">
        <Text text={record.message} hits={hits} most={most} />
        {inline && <Inline row={row} columns={columns} />}
        {record.flags && <span class="row-flag">{record.flags}</span>}
      </span>
    </div>
  );
}

/** Fields whose values the message does not say already. */
function Inline({ row, columns }: { row: RecordRow; columns: readonly string[] }) {
  const { message } = row.record;
  return <>{ownFields(row.record).map(([name, value]) => {
    const shown = text(value);
    if (columns.includes(name) || shown === "" || message.includes(shown)) return null;
    return <span key={name} class="row-field"><span class="row-name">{plain(name)}=</span><Text text={shown} most={120} /></span>;
  })}</>;
}

const WHY = {
  rate: "came faster than anybody reads",
  slow: "came faster than this page took them",
  gone: "of the journal were freed before they were read",
};

/** Where the records of a gap are to be seen, if that is known. */
export function behind(row: GapRow): string | null {
  return row.from !== null && row.to !== null ? href("explore", { q: `position:>=${row.from} position:<=${row.to}`, last: "24h" }) : null;
}

// An option holds nothing that can be reached by itself: Enter on the selected row does what the click does.
function Gap({ row, selected }: Props & { row: GapRow }) {
  const target = behind(row);
  return (
    <div id={`row-${row.key}`} data-key={row.key} role="option" aria-selected={selected} class="row gap">
      <span>{row.unit === "bytes" ? bytes(row.count) : `${count(row.count)} lines`} {WHY[row.why]}</span>
      {target !== null && <span class="row-link" onClick={(event) => { event.stopPropagation(); location.hash = target; }}>Show them</span>}
    </div>
  );
}
