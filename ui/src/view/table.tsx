// A table of which only the rows on the screen are drawn: of one height, with a head that stays.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

const OVERSCAN = 8;

export interface TableColumn {
  key: string;
  title: ComponentChildren;
  /** How wide, as a track of a grid. */
  width: string;
  right?: boolean;
  sortable?: boolean;
}

interface Props {
  label: string;
  columns: TableColumn[];
  count: number;
  rowHeight: number;
  sort?: { key: string; order: "asc" | "desc" };
  onSort?: (key: string) => void;
  /** The cells of a row. */
  cells: (index: number) => ComponentChildren[];
  rowKey: (index: number) => string | number;
  rowClass?: (index: number) => string;
  onPick?: (index: number) => void;
  /** Which rows are drawn. */
  onWindow?: (from: number, to: number) => void;
}

export function Table({ label, columns, count, rowHeight, sort, onSort, cells, rowKey, rowClass, onPick, onWindow }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 400 });
  const [active, setActive] = useState(0);
  useLayoutEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => setView((old) => ({ ...old, height: element.clientHeight })));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN);
  useLayoutEffect(() => onWindow?.(first, last), [first, last, count]);

  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 2);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page, Home: -count, End: count };
    const step = steps[event.key];
    if ((event.target as Element).closest("button, a")) return;
    if (step !== undefined && count > 0) {
      event.preventDefault();
      const next = Math.max(0, Math.min(count - 1, active + step));
      setActive(next);
      const element = scroller.current!;
      const head = element.querySelector<HTMLElement>(".table-head")!.offsetHeight;
      if (next * rowHeight < element.scrollTop) element.scrollTop = next * rowHeight;
      else if ((next + 1) * rowHeight + head > element.scrollTop + element.clientHeight) element.scrollTop = (next + 1) * rowHeight + head - element.clientHeight;
    } else if (event.key === "Enter" && onPick && active < count) {
      event.preventDefault();
      onPick(active);
    }
  };
  const grid = { gridTemplateColumns: columns.map((column) => column.width).join(" ") };
  const shown: ComponentChildren[] = [];
  for (let at = first; at < last; at += 1) {
    shown.push(
      <div key={rowKey(at)} role="row" aria-rowindex={at + 2} class={`table-row ${at === active ? "active" : ""} ${rowClass?.(at) ?? ""}`} style={grid} onClick={(event) => { setActive(at); if (!(event.target as Element).closest("a, button") && (getSelection()?.isCollapsed ?? true)) onPick?.(at); }}>
        {cells(at).map((cell, index) => <div key={columns[index]!.key} role="cell" class={columns[index]!.right ? "right" : ""}>{cell}</div>)}
      </div>,
    );
  }
  return (
    <div class="table" ref={scroller} role="table" aria-label={label} aria-rowcount={count + 1} tabIndex={0} onKeyDown={onKeyDown} onScroll={(event) => { const top = event.currentTarget.scrollTop; setView((old) => ({ ...old, top })); }}>
      <div class="table-inner">
        <div class="table-head" role="row" style={grid}>
          {columns.map((column) => {
            const sorted = sort?.key === column.key ? sort.order : null;
            return <div key={column.key} role="columnheader" class={column.right ? "right" : ""} aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : column.sortable ? "none" : undefined}>
              {column.sortable && onSort ? <button type="button" onClick={() => onSort(column.key)}>{column.title}<span class="sort">{sorted === "asc" ? "↑" : sorted === "desc" ? "↓" : ""}</span></button> : column.title}
            </div>;
          })}
        </div>
        <div class="table-rows" role="rowgroup" style={{ height: `${count * rowHeight}px` }}>
          <div role="presentation" style={{ transform: `translateY(${first * rowHeight}px)` }}>{shown}</div>
        </div>
      </div>
    </div>
  );
}
