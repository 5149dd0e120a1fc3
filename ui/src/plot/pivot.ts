// From the rows of an answer to series over time: which column is the time, which are numbers, which names a series.
import type { Json, Table } from "../api/index";
import { LEVELS } from "../lib/levels";
import type { Series } from "./chart";

const SERIES_MAX = 16;

export interface Shape {
  time: number;
  numbers: number[];
  name: number | null;
}

/** How the answer can be drawn; `null` when it has no time or no number. */
export function shapeOf(table: Table): Shape | null {
  const time = table.columns.findIndex((column) => column.type === "time");
  const numbers = table.columns.flatMap((column, at) => (column.type === "int" || column.type === "float" ? [at] : []));
  const name = table.columns.findIndex((column) => column.type === "string");
  return time >= 0 && numbers.length > 0 ? { time, numbers, name: name < 0 ? null : name } : null;
}

/** One series for each number, or for each name of the first number; the largest ones. */
export function pivot(table: Table, shape: Shape): { at: number[]; series: Series[]; left: number } {
  const instants = new Map<number, number>();
  for (const row of table.rows) {
    const at = Date.parse(String(row[shape.time]));
    if (Number.isFinite(at)) instants.set(at, 0);
  }
  const at = [...instants.keys()].sort((a, b) => a - b);
  at.forEach((each, index) => instants.set(each, index));
  const found = new Map<string, { values: (number | null)[]; weight: number }>();
  const put = (name: string, row: Json[], value: Json | undefined) => {
    const index = instants.get(Date.parse(String(row[shape.time])));
    const number = typeof value === "number" ? value : Number(value ?? NaN);
    if (index === undefined || !Number.isFinite(number)) return;
    let one = found.get(name);
    if (!one) found.set(name, (one = { values: new Array<number | null>(at.length).fill(null), weight: 0 }));
    one.values[index] = number;
    one.weight += 1;
  };
  for (const row of table.rows) {
    if (shape.name !== null) put(row[shape.name] === null ? "none" : String(row[shape.name]), row, row[shape.numbers[0]!]);
    else for (const number of shape.numbers) put(table.columns[number]!.name, row, row[number]);
  }
  const series = [...found].sort((a, b) => b[1].weight - a[1].weight).slice(0, SERIES_MAX).map(([name, { values }]) => ({ name, values }));
  // Levels stand as in the histogram: the least serious at the bottom.
  const level = (name: string) => (LEVELS as readonly string[]).indexOf(name);
  series.sort((a, b) => level(b.name) - level(a.name) || (a.name < b.name ? -1 : 1));
  return { at, series, left: Math.max(0, found.size - SERIES_MAX) };
}
