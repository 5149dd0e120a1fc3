// Search and live tail: the search, the histogram, the fields, the list, one record.
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { Button, Failed } from "../view/parts";
import { Icon } from "../view/icons";
import { VirtualList, type ListHandle } from "../view/virtual-list";
import { Facets } from "../view/explore/facets";
import { Histogram } from "../view/explore/histogram";
import { behind, LogRow } from "../view/explore/log-row";
import { RowHead } from "../view/explore/row-head";
import { SavedSearches } from "../view/explore/saved";
import { SearchBar, searchInput } from "../view/explore/search-bar";
import { TimePicker } from "../view/explore/time-picker";
import { Toolbar } from "../view/explore/toolbar";
import { contextOpen, Detail } from "../view/explore/detail";
import { count } from "../lib/format";
import { hits as hitsOf } from "../lib/query";
import { isError, isWarning } from "../lib/levels";
import { idOf } from "../lib/records";
import { day } from "../lib/time";
import * as explore from "../state/explore";
import { route } from "../state/route";
import { signal } from "../state/signals";
import { copy } from "../state/notes";
import { useKeys } from "../state/keys";
import { columns, facetsOpen, inlineFields, wrap, zone } from "../state/settings";
import { widthStyles } from "../state/widths";
import type { Row } from "../state/rows";

const ROW_PX = 21;
const WRAP_CHARS = 110;
const detailOpen = signal(false);

export function Explore() {
  const list = useRef<ListHandle>(null);
  const { rows, selected, follow } = explore;
  void rows.version.value;
  const tail = follow.value;

  // The address is taken over when it is another one than the page has written.
  // Before anybody can do something: what they do then is about this address.
  useLayoutEffect(() => {
    const read = () => {
      explore.readRoute();
      detailOpen.value = route.value.params.has("at");
    };
    read();
    addEventListener("hashchange", read);
    return () => {
      removeEventListener("hashchange", read);
      explore.stopLive();
    };
  }, []);
  useEffect(() => { if (explore.searched.value > 0 && !explore.loading.value) explore.writeRoute(); }, [selected.value, columns.value, explore.loading.value]);

  const highlight = useMemo(() => hitsOf(explore.query.value), [explore.query.value]);
  const first = rows.at(0);
  const last = rows.at(rows.length - 1);
  const withDay = useMemo(() => {
    const from = first?.kind === "record" ? first.at : 0;
    const to = last?.kind === "record" ? last.at : 0;
    return day(from, zone.value) !== day(to, zone.value) || day(to, zone.value) !== day(Date.now(), zone.value);
  }, [first, last, zone.value]);

  const select = (index: number) => {
    const row = rows.at(index);
    if (!row) return;
    // Who looks at a row does not want it to go away.
    follow.value?.pause();
    selected.value = row.key;
    list.current?.reveal(index);
  };
  const current = () => (selected.value === null ? -1 : rows.indexOf(selected.value));
  const step = (by: number) => {
    const at = current();
    select(at < 0 ? rows.length - 1 : Math.max(0, Math.min(rows.length - 1, at + by)));
  };
  const seek = (by: 1 | -1, wanted: (row: Row) => boolean) => {
    const at = current();
    const found = rows.find(at < 0 ? (by > 0 ? -1 : rows.length) : at, by, wanted);
    if (found >= 0) select(found);
  };
  const level = (is: (level: string | undefined) => boolean) => (row: Row) => row.kind === "record" && is(row.record.level);
  const hit = (row: Row) => {
    if (row.kind !== "record" || !highlight) return false;
    highlight.lastIndex = 0;
    return highlight.test(row.record.message);
  };
  const openSelected = () => {
    const row = rows.at(current());
    const target = row?.kind === "gap" ? behind(row) : null;
    if (target !== null) location.hash = target;
    else if (selected.value !== null && row?.kind !== "gap") detailOpen.value = true;
  };
  const group = "Explore";
  useKeys([
    { keys: ["/"], does: "Search", group, run: () => { searchInput.current?.focus(); searchInput.current?.select(); } },
    { keys: ["j", "ArrowDown"], does: "Next row", group, run: () => step(1) },
    { keys: ["k", "ArrowUp"], does: "Row before", group, run: () => step(-1) },
    { keys: [" ", "PageDown"], does: "A page on", group, run: () => list.current?.page(1) },
    { keys: ["b", "PageUp"], does: "A page back", group, run: () => { follow.value?.pause(); list.current?.page(-1); } },
    { keys: ["g", "Home"], does: "First row", group, run: () => { follow.value?.pause(); list.current?.toStart(); select(0); } },
    { keys: ["G", "End"], does: "Last row; goes on with the tail", group, run: () => { if (follow.value) { selected.value = null; follow.value.resume(); } else select(rows.length - 1); list.current?.toEnd(); } },
    { keys: ["n"], does: "Next hit", group, run: () => seek(1, hit) },
    { keys: ["N"], does: "Hit before", group, run: () => seek(-1, hit) },
    { keys: ["e"], does: "Next error", group, run: () => seek(1, level(isError)) },
    { keys: ["E"], does: "Error before", group, run: () => seek(-1, level(isError)) },
    { keys: ["w"], does: "Next warning", group, run: () => seek(1, level(isWarning)) },
    { keys: ["W"], does: "Warning before", group, run: () => seek(-1, level(isWarning)) },
    { keys: ["Enter"], does: "The selected record", group, run: openSelected },
    { keys: ["c"], does: "Context: lines around it", group, run: () => { if (selected.value !== null && idOf(selected.value)) { contextOpen.value = !(detailOpen.value && contextOpen.value); detailOpen.value = true; } } },
    { keys: ["y"], does: "Copy the line", group, run: () => { const row = rows.at(current()); if (row?.kind === "record") void copy(row.record.message, "the line"); } },
    { keys: ["r"], does: "Search again", group, run: () => explore.change({}) },
    { keys: ["l"], does: "Live tail on and off", group, run: () => explore.toggleLive() },
    { keys: ["p"], does: "Pause and resume the tail", group, run: () => pauseOrResume(list.current) },
    { keys: ["x"], does: "Wrap lines", group, run: () => { wrap.value = !wrap.value; } },
    { keys: ["f"], does: "Fields", group, run: () => { facetsOpen.value = !facetsOpen.value; } },
    { keys: ["Escape"], does: "Close the record", group, run: () => { if (detailOpen.value) detailOpen.value = false; else selected.value = null; } },
  ]);

  const onClick = (event: MouseEvent) => {
    const element = (event.target as Element).closest<HTMLElement>("[data-key]");
    // Whoever marks text to copy it does not select a row.
    if (!element || (event.target as Element).closest("a") || !(getSelection()?.isCollapsed ?? true)) return;
    const key = element.dataset["key"] ?? "";
    if (!idOf(key)) return;
    follow.value?.pause();
    selected.value = key;
    detailOpen.value = true;
  };
  const onReset = () => {
    const target = explore.target.value;
    if (target === "end") list.current?.toEnd();
    else list.current?.center(Math.max(0, rows.indexOf(target)));
  };
  const chars = Math.max(20, WRAP_CHARS);
  const estimate = (row: Row) => (wrap.value && row.kind === "record" ? ROW_PX * Math.max(1, Math.ceil(Math.min(row.record.message.length, 2000) / chars)) : ROW_PX);
  const empty = rows.length === 0;
  const showDetail = detailOpen.value && selected.value !== null;

  return (
    <main id="page" tabIndex={-1} class="explore">
      <h1 class="off-screen">Explore</h1>
      <div class="explore-head">
        <LiveButton />
        <SearchBar />
        <SavedSearches />
        <TimePicker />
      </div>
      <Histogram />
      <Toolbar />
      <div class={`explore-body ${facetsOpen.value ? "with-facets" : ""} ${showDetail ? "with-detail" : ""}`}>
        {facetsOpen.value && <Facets />}
        <section class={`rows ${explore.loading.value ? "busy" : ""}`} aria-label="Lines" style={widthStyles.value} onClick={onClick}>
          {explore.gone.value !== null && <div class="banner" role="alert">Record {explore.gone.value} is not there any more: retention has dropped it, or it never was. These are the newest lines of its range.</div>}
          {explore.missing.value && <div class="banner" role="alert">Incomplete: {explore.missing.value}</div>}
          {explore.problem.value && !(explore.problem.value.syntax && explore.problem.value.body.parameter) && <Failed text={explore.problem.value.message} />}
          {tail?.state.value === "failed" && <Failed text={`The tail has ended: ${tail.why.value}`} />}
          <RowHead withDay={withDay} />
          <VirtualList
            rows={rows} handle={list} rowHeight={ROW_PX} measured={wrap.value} estimate={estimate} stick={tail !== null && !tail.paused.value}
            label="Lines, the newest at the end" active={selected.value}
            onNear={(end) => void explore.extend(end)} onReset={onReset}
            onEnd={(atEnd) => { if (atEnd) tail?.resume(); else tail?.pause(); }}
            render={(row) => <LogRow key={row.key} row={row} selected={row.key === selected.value} columns={columns.value} inline={inlineFields.value} wrap={wrap.value} zone={zone.value} withDay={withDay} hits={highlight} />}
          />
          {empty && !explore.loading.value && !explore.problem.value && <Nothing />}
          {tail && <NewLines list={list} />}
        </section>
        {showDetail && <Detail onClose={() => { detailOpen.value = false; }} />}
      </div>
    </main>
  );
}

function pauseOrResume(list: ListHandle | null): void {
  const tail = explore.follow.value;
  if (!tail) return;
  if (tail.paused.value) {
    tail.resume();
    list?.toEnd();
  } else {
    tail.pause();
  }
}

function LiveButton() {
  const on = explore.live.value;
  return (
    <button type="button" class={`button live ${on ? "on" : ""}`} aria-pressed={on} title={on ? "End the live tail (l)" : "Follow lines as they come (l)"} onClick={() => explore.toggleLive()}>
      <i class="live-dot" />Live
    </button>
  );
}

function NewLines({ list }: { list: { current: ListHandle | null } }) {
  const tail = explore.follow.value!;
  if (!tail.paused.value) return null;
  const many = tail.held.value;
  return (
    <div class="new-lines" role="status">
      <button type="button" class="button main" onClick={(event) => { event.stopPropagation(); tail.resume(); list.current?.toEnd(); }}>
        <Icon name="down" />{many === 0 ? "Paused: resume" : `${count(many)}${tail.heldAll.value ? "" : "+"} new ${many === 1 ? "line" : "lines"}`}
      </button>
      {!tail.heldAll.value && <Button label="Skip to now" text="Skip to now" onClick={(event) => { event.stopPropagation(); tail.skipToNow(); list.current?.toEnd(); }} />}
    </div>
  );
}

function Nothing() {
  const live = explore.live.value;
  return (
    <div class="nothing">
      {live ? <p>Nothing yet. Lines appear here as they come.</p> : <>
        <p>No line {explore.query.value ? "matches" : "is there"} in this range.</p>
        <p class="faint">{"last" in explore.range.value && <button type="button" class="button" onClick={() => explore.change({ range: { last: 30 * 864e5 } })}>Look in the last 30 days</button>}</p>
      </>}
    </div>
  );
}
