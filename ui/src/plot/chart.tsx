// Numbers over time, as lines or bars. uPlot draws; the legend is ours, since names come from lines.
import uPlot from "uplot";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { clock, day, stamp, ticks } from "../lib/time";
import { plain } from "../lib/text";
import { short } from "../lib/format";
import { colour, LEVELS } from "../lib/levels";
import { dark, zone } from "../state/settings";

export interface Series {
  name: string;
  /** A number for each instant; null where there is none. */
  values: (number | null)[];
}

interface Props {
  label: string;
  /** Instants in milliseconds, rising. */
  at: number[];
  series: Series[];
  kind: "line" | "bar";
  height: number;
  /** Where the axis begins and ends, when not with the data. */
  from?: number;
  to?: number;
  onZoom?: (from: number, until: number) => void;
  sync?: string;
  legend?: boolean;
}

const COLOURS = 8;

/** Levels have their own colours, whatever is drawn. */
function seriesColour(name: string, at: number): string {
  const style = getComputedStyle(document.documentElement);
  return ((LEVELS as readonly string[]).includes(name) ? colour(name) : "") || style.getPropertyValue(`--series-${at % COLOURS}`).trim();
}

/** Bars stand on each other: each series becomes the sum of itself and those before it. */
function stack(series: Series[], hidden: ReadonlySet<string>): (number | null)[][] {
  const sums: number[] = [];
  return series.map((each) => each.values.map((value, at) => {
    if (hidden.has(each.name)) return null;
    sums[at] = (sums[at] ?? 0) + (value ?? 0);
    return value === null ? null : sums[at]!;
  }));
}

function axisNumber(value: number): string {
  const size = Math.abs(value);
  return size >= 1000 || value === 0 ? short(value) : size >= 1e-4 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}

export function Chart({ label, at, series, kind, height, from, to, onZoom, sync, legend = true }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [width, setWidth] = useState(0);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<number | null>(null);
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const scale = useRef({ from, to });
  scale.current = { from, to };

  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  const names = series.map((each) => each.name).join("\u0000");
  const shape = `${names}/${kind}/${dark.value}/${zone.value}/${[...hidden].join("\u0000")}`;
  // The highest is drawn first, so that the others stand before it.
  const data: uPlot.AlignedData = kind === "bar" ? [at, ...stack(series, hidden).reverse()] : [at, ...series.map((each) => each.values)];
  const ordered = kind === "bar" ? [...series].reverse() : series;
  const step = at.reduce((least, each, index) => (index > 0 ? Math.min(least, each - at[index - 1]!) : least), Infinity);

  useEffect(() => {
    if (width === 0) return;
    const style = getComputedStyle(document.documentElement);
    const read = (name: string) => style.getPropertyValue(name).trim();
    const font = `11px ${read("--sans")}`;
    const axis: uPlot.Axis = { stroke: read("--faint"), font, grid: { stroke: read("--grid"), width: 1 }, ticks: { show: false } };
    const options: uPlot.Options = {
      width, height, ms: 1, legend: { show: false }, padding: [8, 8, 0, 0],
      cursor: {
        y: false, points: { size: 6 },
        drag: { x: onZoom !== undefined, y: false, setScale: false },
        ...(sync ? { sync: { key: sync, setSeries: false } } : {}),
      },
      scales: {
        x: { time: false, range: (_, low, high) => [scale.current.from ?? low ?? 0, scale.current.to ?? (kind === "bar" && Number.isFinite(step) ? (high ?? 0) + step : high === low ? (high ?? 0) + 1 : high ?? 1)] },
        y: { range: (_, low, high) => (low === null || low === undefined || high === null || high === undefined ? [0, 1] : kind === "bar" ? [Math.min(0, low), Math.max(high * 1.05, 1e-9)] : uPlot.rangeNum(low, high, 0.12, true)) },
      },
      axes: [
        { ...axis, size: 26, splits: (_, __, low, high) => ticks(low, high, Math.max(2, Math.floor(width / 100)), zone.peek()).map((tick) => tick.at), values: (_, splits) => splits.map((split, index) => { const text = clock(split, zone.peek(), false); return index > 0 && text === "00:00:00" ? day(split, zone.peek()).slice(5) : splits.length > 1 && splits[1]! - splits[0]! >= 864e5 ? day(split, zone.peek()).slice(5) : splits.length > 1 && splits[1]! - splits[0]! < 6e4 ? text : text.slice(0, 5); }) },
        { ...axis, size: 52, values: (_, splits) => splits.map(axisNumber) },
      ],
      series: [
        {},
        ...ordered.map((each, index): uPlot.Series => ({
          label: `series ${index}`, show: !hidden.has(each.name), stroke: seriesColour(each.name, series.indexOf(each)), width: kind === "bar" ? 0 : 1.5, points: { show: kind === "line" && at.length < 2, size: 5 }, spanGaps: false,
          ...(kind === "bar" ? { fill: seriesColour(each.name, series.indexOf(each)), paths: uPlot.paths.bars!({ size: [0.8, 120], align: 1 }) } : {}),
        })),
      ],
      hooks: {
        setCursor: [(self) => setCursor(self.cursor.idx ?? null)],
        setSelect: [(self) => {
          const { left, width: wide } = self.select;
          if (wide > 3) zoom.current?.(self.posToVal(left, "x"), self.posToVal(left + wide, "x"));
          self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        }],
      },
    };
    const made = new uPlot(options, data, box.current!);
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [width === 0, shape, height]);
  useEffect(() => { plot.current?.setData(data); }, [at, series, from, to]);
  useEffect(() => { if (width > 0) plot.current?.setSize({ width, height }); }, [width, height]);

  const pointed = cursor !== null && cursor < at.length ? cursor : null;
  const shown = pointed ?? at.length - 1;
  // Where nothing is pointed at, the latest there is.
  const valueOf = (each: Series) => (pointed !== null ? each.values[pointed] : each.values.findLast((value) => value !== null)) ?? null;
  return (
    <figure class="chart" aria-label={label}>
      <div ref={box} class="chart-box" style={{ minHeight: `${height}px` }} />
      {legend && <figcaption class="chart-legend">
        <span class="faint chart-at">{at.length > 0 ? stamp(at[shown]!, zone.value, false) : ""}</span>
        {series.map((each, index) => (
          <button key={each.name} type="button" aria-pressed={!hidden.has(each.name)} onClick={() => { const next = new Set(hidden); if (!next.delete(each.name)) next.add(each.name); setHidden(next); }}>
            <i style={{ background: seriesColour(each.name, index) }} /><span>{plain(each.name)}</span><b>{valueOf(each) === null ? "–" : axisNumber(valueOf(each)!)}</b>
          </button>
        ))}
      </figcaption>}
    </figure>
  );
}
