// How many lines over time, stacked by level. Drag over it to look at that range; with the keyboard: arrows, shift to extend, Enter.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { histogram, message, Problem, type Histogram as Answer } from "../../api/index";
import { count, short, span as spanOf } from "../../lib/format";
import { colour, LEVELS } from "../../lib/levels";
import { clock, day, stamp, ticks, zoneName } from "../../lib/time";
import { hasFilter } from "../../lib/query";
import { asked, change, live, query, range, searched, span, toggleFilter } from "../../state/explore";
import { bounds, iso } from "../../lib/time";
import { dark, zone } from "../../state/settings";

const BAR_PX = 9;
const LIVE_EVERY_MS = 5000;
const AXIS_PX = 16;

/** The counts as the search has them; again and again while it is live, but never two at a time, and not while nobody looks. */
function useCounts(buckets: number) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(true);
  const turn = searched.value;
  const following = live.value;
  useEffect(() => {
    if (buckets === 0) return;
    const stop = new AbortController();
    let timer = 0;
    const ask = async (again: boolean) => {
      const began = performance.now();
      try {
        if (!again || !document.hidden) {
          const at = again ? bounds(range.value, Date.now()) : null;
          const got = await histogram(query.value, at ? { from: iso(at.from), to: iso(at.until) } : span(), buckets, stop.signal);
          if (stop.signal.aborted) return;
          setAnswer(got);
          setWrong("");
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        // What is wrong with a search stands at the search.
        setWrong(error instanceof Problem && error.syntax ? "" : message(error));
        if (!again) setAnswer(null);
      }
      setBusy(false);
      // A slow answer is asked for less often.
      if (following) timer = window.setTimeout(() => void ask(true), Math.max(LIVE_EVERY_MS, 10 * (performance.now() - began)));
    };
    setBusy(true);
    void ask(false);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [turn, following, buckets]);
  return { answer, wrong, busy };
}

export function Histogram() {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [brush, setBrush] = useState<{ from: number; to: number } | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  const dragging = useRef<number | null>(null);
  const { answer, wrong, busy } = useCounts(size.width === 0 ? 0 : Math.max(10, Math.min(240, Math.floor(size.width / BAR_PX))));

  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSize({ width: Math.round(width), height: Math.round(height) });
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  const data = useMemo(() => {
    if (!answer) return null;
    const from = Date.parse(answer.from);
    const to = Math.max(Date.parse(answer.to), from + 1);
    const step = answer.step_seconds * 1000;
    const order = LEVELS.map((level) => answer.levels.indexOf(level));
    const bars = answer.buckets.map((bucket) => ({ at: Date.parse(bucket.time), counts: order.map((at) => (at < 0 ? 0 : bucket.counts[at] ?? 0)) }));
    const most = Math.max(1, ...bars.map((bar) => bar.counts.reduce((a, b) => a + b, 0)));
    return { from, to, step, bars, most, count: Math.max(1, Math.round((to - from) / step)) };
  }, [answer]);

  const { width, height } = size;
  const x = (at: number) => (data ? ((at - data.from) / (data.to - data.from)) * width : 0);
  const timeAt = (px: number) => (data ? data.from + (Math.max(0, Math.min(width, px)) / width) * (data.to - data.from) : 0);

  useEffect(() => {
    const element = canvas.current;
    if (!element || width === 0) return;
    const ratio = devicePixelRatio || 1;
    element.width = width * ratio;
    element.height = height * ratio;
    const draw = element.getContext("2d")!;
    draw.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const room = height - AXIS_PX;
    draw.font = `11px ${style.getPropertyValue("--sans")}`;
    draw.fillStyle = style.getPropertyValue("--faint");
    draw.textBaseline = "alphabetic";
    if (!data) return;
    for (const tick of ticks(data.from, data.to, Math.max(2, Math.floor(width / 90)), zone.value)) {
      const at = x(tick.at);
      draw.globalAlpha = 0.25;
      draw.fillRect(Math.round(at), room, 1, 3);
      draw.globalAlpha = 1;
      const wide = draw.measureText(tick.text).width;
      if (at - wide / 2 > 0 && at + wide / 2 < width) draw.fillText(tick.text, at - wide / 2, height - 2);
    }
    draw.globalAlpha = 0.3;
    draw.fillRect(0, room, width, 1);
    draw.globalAlpha = 1;
    const colours = LEVELS.map((level) => colour(level));
    const wide = width / data.count;
    const gap = wide > 4 ? 1 : 0;
    for (const bar of data.bars) {
      let y = room;
      const left = Math.round(x(bar.at));
      const right = Math.max(left + 1, Math.round(x(bar.at) + wide) - gap);
      // The least serious at the bottom; what there is at all can be seen.
      for (let level = LEVELS.length - 1; level >= 0; level -= 1) {
        const many = bar.counts[level]!;
        if (many === 0) continue;
        const tall = Math.max(1.5, (many / data.most) * (room - 4));
        draw.fillStyle = colours[level]!;
        draw.fillRect(left, y - tall, right - left, tall);
        y -= tall;
      }
    }
  }, [data, width, height, dark.value, zone.value]);

  const zoom = (from: number, to: number) => {
    const a = Math.floor(Math.min(from, to));
    const b = Math.ceil(Math.max(from, to));
    if (b - a >= 1) change({ range: { from: a, until: b } });
  };
  const edge = (at: number, up: boolean) => data ? data.from + (up ? Math.ceil : Math.floor)((at - data.from) / data.step) * data.step : at;
  const pixel = (event: PointerEvent) => event.clientX - box.current!.getBoundingClientRect().left;
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || !data) return;
    box.current!.setPointerCapture(event.pointerId);
    dragging.current = pixel(event);
  };
  const move = (event: PointerEvent) => {
    if (!data) return;
    const at = pixel(event);
    setHover(Math.min(data.count - 1, Math.max(0, Math.floor((at / width) * data.count))));
    if (dragging.current !== null) setBrush({ from: timeAt(dragging.current), to: timeAt(at) });
  };
  const up = (event: PointerEvent) => {
    const start = dragging.current;
    dragging.current = null;
    setBrush(null);
    if (start === null || !data) return;
    const at = pixel(event);
    // A click is about the bucket below it.
    if (Math.abs(at - start) < 4) zoom(edge(timeAt(at), false), edge(timeAt(at) + 1, true));
    else zoom(timeAt(start), timeAt(at));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!data) return;
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const old = hover ?? (step > 0 ? -1 : data.count);
      const next = Math.max(0, Math.min(data.count - 1, old + step));
      setHover(next);
      const start = (bucket: number) => data.from + bucket * data.step;
      if (event.shiftKey) setBrush({ from: brush ? brush.from : start(Math.max(0, old)), to: start(next + (step > 0 ? 1 : 0)) });
      else setBrush(null);
    } else if (event.key === "Enter" && hover !== null) {
      event.preventDefault();
      const from = data.from + hover * data.step;
      zoom(brush?.from ?? from, brush?.to ?? from + data.step);
      setBrush(null);
    } else if (event.key === "Escape") {
      setBrush(null);
      setHover(null);
    }
  };

  const hovered = data && hover !== null ? { at: data.from + hover * data.step, counts: data.bars.find((bar) => Math.abs(bar.at - (data.from + hover * data.step)) < data.step / 2)?.counts } : null;
  const sum = answer?.total ?? 0;
  return (
    <section class="histogram" aria-label="Lines over time">
      <div class="histogram-head">
        <span class="histogram-total">{answer ? <><b>{count(sum)}</b> {sum === 1 ? "line" : "lines"}</> : busy ? "Counting…" : "–"}</span>
        {data && <span class="faint">{spanOf(data.to - data.from)}, {spanOf(data.step)} a bar, at most {short(data.most)}</span>}
        {answer?.missing && <span class="warn-text" title={answer.missing}>incomplete</span>}
        {wrong && <span class="bad">{wrong}</span>}
        <Legend answer={answer} />
        <Zoomed />
      </div>
      <div
        ref={box} class={`histogram-box ${busy ? "busy" : ""}`} tabIndex={0} role="application"
        aria-label={`Histogram of ${count(sum)} lines. Arrow keys walk over the bars, with shift they select, Enter shows that range.`}
        onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerLeave={() => { if (dragging.current === null) setHover(null); }}
        onPointerCancel={() => { dragging.current = null; setBrush(null); }} onKeyDown={onKeyDown} onBlur={() => { setHover(null); setBrush(null); }}
      >
        <canvas ref={canvas} aria-hidden="true" />
        {data && hover !== null && !brush && <div class="histogram-hover" style={{ left: `${(hover / data.count) * width}px`, width: `${width / data.count}px` }} />}
        {data && brush && <div class="histogram-brush" style={{ left: `${x(Math.min(brush.from, brush.to))}px`, width: `${Math.abs(x(brush.to) - x(brush.from))}px` }} />}
        {hovered && <Tip at={hovered.at} until={hovered.at + data!.step} counts={hovered.counts} left={((hover! + 0.5) / data!.count) * width} right={width} brush={brush} />}
      </div>
    </section>
  );
}

function Tip({ at, until, counts, left, right, brush }: { at: number; until: number; counts: number[] | undefined; left: number; right: number; brush: { from: number; to: number } | null }) {
  const a = brush ? Math.min(brush.from, brush.to) : at;
  const b = brush ? Math.max(brush.from, brush.to) : until;
  const millis = b - a < 10_000;
  const end = day(a, zone.value) === day(b, zone.value) ? clock(b, zone.value, millis) : stamp(b, zone.value, millis);
  return (
    <div class="tip" role="status" style={left > right / 2 ? { right: `${right - left + 10}px` } : { left: `${left + 10}px` }}>
      <div class="tip-time">{stamp(a, zone.value, millis)} – {end} {zoneName(a, zone.value)}</div>
      {brush ? <div class="faint">{spanOf(b - a)}</div> : counts ? LEVELS.map((level, index) => counts[index] ? <div key={level} class={`tip-line ${level}`}><i />{level === "none" ? "no level" : level}<b>{count(counts[index])}</b></div> : null) : <div class="faint">nothing</div>}
    </div>
  );
}

/** How many there are of each level. One click shows only those. */
function Legend({ answer }: { answer: Answer | null }) {
  const sums = useMemo(() => {
    const all = new Map<string, number>();
    answer?.buckets.forEach((bucket) => bucket.counts.forEach((many, at) => all.set(answer.levels[at]!, (all.get(answer.levels[at]!) ?? 0) + many)));
    return all;
  }, [answer]);
  return <span class="legend" role="group" aria-label="Levels">{LEVELS.filter((level) => sums.get(level)).map((level) => {
    const name = level === "none" ? "no level" : level;
    const value = level === "none" ? null : level;
    return <button key={level} type="button" class={`legend-item ${level}`} aria-pressed={hasFilter(query.value, "level", value, false)} title={`Only ${name}`} onClick={() => toggleFilter("level", value, false)}><i />{name} <b>{short(sums.get(level)!)}</b></button>;
  })}</span>;
}

/** Back out of a range that was zoomed into. */
function Zoomed() {
  const at = asked.value;
  if ("last" in range.value) return null;
  const wide = at.until - at.from;
  return <button type="button" class="button ghost" onClick={() => change({ range: { from: at.from - wide / 2, until: at.until + wide / 2 } })}>Zoom out</button>;
}
