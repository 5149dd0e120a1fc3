// Averages over time for each peer, in bins that go round with the time: new values come in, old ones are written over.
import type { Series } from "./chart";

export const BINS = 240;
const PEERS_MAX = 12;

/** Owns two numbers for each bin of each peer; bounded by `BINS` and `PEERS_MAX`. */
export class Bins {
  readonly peers = new Map<string, { sums: Float64Array; counts: Float64Array }>();
  /** Peers beyond those that are drawn. */
  readonly others = new Set<string>();
  private end: number;

  constructor(readonly step: number, now: number) {
    this.end = Math.floor(now / step) + 1;
  }

  advance(now: number): void {
    const end = Math.floor(now / this.step) + 1;
    for (let bin = this.end; bin < Math.min(end, this.end + BINS); bin += 1) {
      for (const { sums, counts } of this.peers.values()) sums[bin % BINS] = counts[bin % BINS] = 0;
    }
    this.end = Math.max(this.end, end);
  }

  add(peer: string, at: number, sum: number, count: number): void {
    const bin = Math.floor(at / this.step);
    if (bin >= this.end || bin < this.end - BINS) return;
    let one = this.peers.get(peer);
    if (!one) {
      if (this.peers.size >= PEERS_MAX) {
        if (this.others.size < 10_000) this.others.add(peer);
        return;
      }
      this.peers.set(peer, (one = { sums: new Float64Array(BINS), counts: new Float64Array(BINS) }));
    }
    one.sums[bin % BINS]! += sum;
    one.counts[bin % BINS]! += count;
  }

  series(): { at: number[]; series: Series[] } {
    const bins = Array.from({ length: BINS }, (_, index) => this.end - BINS + index);
    const series = [...this.peers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { sums, counts }]) => ({ name, values: bins.map((bin) => (counts[bin % BINS]! > 0 ? sums[bin % BINS]! / counts[bin % BINS]! : null)) }));
    // Whoever sends less often than once a bin has a line all the same.
    for (const each of series) bridge(each.values);
    return { at: bins.map((bin) => bin * this.step), series };
  }
}

const BRIDGE_MAX = 6;

/** Fills short gaps between two values in a straight line. */
function bridge(values: (number | null)[]): void {
  let before = -1;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    if (value === null || value === undefined) continue;
    if (before >= 0 && at - before > 1 && at - before <= BRIDGE_MAX) {
      const from = values[before]!;
      for (let between = before + 1; between < at; between += 1) values[between] = from + ((value - from) * (between - before)) / (at - before);
    }
    before = at;
  }
}
