// A list of which only what is on the screen is drawn, and which never jumps: whatever comes or goes above what a person looks at,
// what they look at stays where it is.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren, RefObject } from "preact";
import { Heights } from "../lib/heights";
import type { Change, Row, Rows } from "../state/rows";

const OVERSCAN = 12;
/** So near an end, in rows, more is asked for. */
const NEAR = 40;
/** So near the bottom, in pixels, it counts as the bottom. */
const AT_END = 4;

export interface ListHandle {
  /** Puts the row into the middle. */
  center(index: number): void;
  /** Scrolls no further than it must. */
  reveal(index: number): void;
  toEnd(): void;
  toStart(): void;
  /** By pages. */
  page(direction: 1 | -1): void;
}

interface Props {
  rows: Rows;
  handle: RefObject<ListHandle | null>;
  rowHeight: number;
  /** Rows may be higher than that: then they are measured. */
  measured: boolean;
  /** Says the height of a row that has not been measured. */
  estimate: (row: Row) => number;
  /** Keeps the end in sight while rows come. */
  stick: boolean;
  label: string;
  /** The key of the selected row. */
  active: string | null;
  render: (row: Row, index: number) => ComponentChildren;
  onNear: (end: "older" | "newer") => void;
  /** A person, not a change of the rows, has scrolled away from the end or to it. */
  onEnd: (atEnd: boolean) => void;
  onReset: () => void;
}

export function VirtualList(props: Props) {
  const { rows, rowHeight, measured, stick } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const block = useRef<HTMLDivElement>(null);
  const heights = useRef(new Heights()).current;
  const latest = useRef(props);
  latest.current = props;
  // Where it was scrolled to by the page itself: an event that says so is no person's doing.
  const own = useRef(-1);
  // What rows above have grown or shrunk since the last drawing.
  const moved = useRef(0);
  const atEnd = useRef(true);
  const [view, setView] = useState({ top: 0, height: 600, width: 0 });
  void rows.version.value;

  // As it is before this drawing changes anything: the browser cuts it down when the list gets shorter.
  const before = scroller.current?.scrollTop ?? 0;

  const place = (top: number) => {
    const element = scroller.current;
    // An observer may still call when the list has just gone.
    if (!element) return;
    element.scrollTop = top;
    own.current = element.scrollTop;
    if (element.scrollTop !== view.top) setView((old) => ({ ...old, top: element.scrollTop }));
  };

  const estimateAll = () => {
    const all: number[] = [];
    for (let at = 0; at < rows.length; at += 1) all.push(latest.current.estimate(rows.at(at)!));
    return all;
  };

  // Another way of drawing rows: all heights are new, and the row at the top stays there.
  const look = `${measured}/${rowHeight}/${measured ? view.width : 0}`;
  const drawn = useRef("");
  if (drawn.current !== look || heights.length !== rows.length) {
    const anchor = heights.length === rows.length ? heights.rowAt(before) : -1;
    const within = anchor < 0 ? 0 : before - heights.offset(anchor);
    heights.reset(estimateAll());
    if (anchor >= 0) moved.current += heights.offset(anchor) + Math.min(within, heights.of(anchor)) - before;
    drawn.current = look;
  }

  useLayoutEffect(() => rows.listen((change: Change) => {
    const { estimate } = latest.current;
    if (change.reset) {
      heights.reset(estimateAll());
      moved.current = 0;
      return;
    }
    // In the order in which the rows were changed.
    if (change.frontAdded > 0) moved.current += heights.replaceFront(0, range(rows, 0, change.frontAdded).map(estimate));
    if (change.backAdded > 0) heights.append(range(rows, rows.length - change.backAdded, rows.length).map(estimate));
    if (change.frontRemoved > 0) moved.current += heights.replaceFront(change.frontRemoved, []);
    if (change.backRemoved > 0) heights.shorten(rows.length);
  }), [rows]);

  // A reset is drawn first; then it is known where its rows are.
  const resets = useRef(0);
  useLayoutEffect(() => rows.listen((change) => {
    if (change.reset) resets.current += 1;
  }), [rows]);
  const handled = useRef(0);

  const total = heights.total;
  const top = Math.max(0, Math.min(before + moved.current, total - view.height));
  const firstSeen = rows.length === 0 ? 0 : heights.rowAt(stick && atEnd.current ? total - view.height : top);
  const first = Math.max(0, firstSeen - OVERSCAN);
  let last = firstSeen;
  for (let height = 0; last < rows.length && height < view.height + rowHeight; last += 1) height += heights.of(last);
  last = Math.min(rows.length, last + OVERSCAN);

  useLayoutEffect(() => {
    const element = scroller.current!;
    if (measured) {
      const children = block.current!.children;
      for (let at = 0; at < children.length; at += 1) {
        const grown = heights.set(first + at, (children[at] as HTMLElement).getBoundingClientRect().height);
        if (grown !== 0 && first + at < firstSeen) moved.current += grown;
      }
      const sum = heights.total;
      if (sum !== total) (element.firstElementChild as HTMLElement).style.height = `${sum}px`;
    }
    const delta = moved.current;
    moved.current = 0;
    if (handled.current !== resets.current) {
      handled.current = resets.current;
      latest.current.onReset();
    } else if (stick) {
      place(element.scrollHeight);
      atEnd.current = true;
    } else if (delta !== 0) {
      place(before + delta);
    }
    if (rows.length > 0 && first < NEAR) latest.current.onNear("older");
    if (rows.length > 0 && last > rows.length - NEAR) latest.current.onNear("newer");
  });

  useEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => {
      setView((old) => ({ ...old, height: element.clientHeight, width: element.clientWidth }));
      if (latest.current.stick) place(element.scrollHeight);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const element = scroller.current!;
    const person = Math.abs(element.scrollTop - own.current) > 1;
    own.current = -1;
    const end = element.scrollHeight - element.scrollTop - element.clientHeight <= AT_END;
    if (person && end !== atEnd.current) latest.current.onEnd(end);
    atEnd.current = end;
    setView((old) => (old.top === element.scrollTop ? old : { ...old, top: element.scrollTop }));
  };

  useLayoutEffect(() => {
    const go = (wanted: number) => {
      place(wanted);
      const element = scroller.current;
      if (!element) return;
      atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight <= AT_END;
    };
    props.handle.current = {
      center: (index) => go(heights.offset(index) - (scroller.current!.clientHeight - heights.of(index)) / 2),
      reveal: (index) => {
        const { scrollTop, clientHeight } = scroller.current!;
        const from = heights.offset(index);
        const to = from + heights.of(index);
        if (from < scrollTop) go(from);
        else if (to > scrollTop + clientHeight) go(to - clientHeight);
      },
      toEnd: () => go(scroller.current!.scrollHeight),
      toStart: () => go(0),
      page: (direction) => go(scroller.current!.scrollTop + direction * (scroller.current!.clientHeight - 2 * rowHeight)),
    };
  });

  const shown: ComponentChildren[] = [];
  // A row that is not drawn cannot be referred to.
  let active: string | undefined;
  for (let at = first; at < last; at += 1) {
    const row = rows.at(at)!;
    if (row.key === props.active) active = `row-${row.key}`;
    shown.push(props.render(row, at));
  }
  return (
    <div ref={scroller} class="list" role="listbox" aria-label={props.label} aria-activedescendant={active} tabIndex={0} onScroll={onScroll}>
      <div class="list-height" role="presentation" style={{ height: `${total}px` }}>
        <div ref={block} class="list-block" role="presentation" style={{ transform: `translateY(${heights.offset(first)}px)` }}>{shown}</div>
      </div>
    </div>
  );
}

function range(rows: Rows, from: number, to: number): Row[] {
  const out: Row[] = [];
  for (let at = from; at < to; at += 1) out.push(rows.at(at)!);
  return out;
}
