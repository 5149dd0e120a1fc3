// How the collector is: asked every two seconds while somebody looks. Rates are differences of counts, as it was asked.
import { computed, signal } from "./signals";
import { message, queues, status, type Queue, type Status } from "../api/index";

const EVERY_MS = 2000;
const HISTORY = 60;

export interface Rates {
  lines: number;
  bytes: number;
  acked: number;
  commits: number;
  /** Records a second of each pipeline. */
  pipelines: Record<string, number>;
}

export const health = signal<Status | null>(null);
export const unreachable = signal("");
export const allQueues = signal<Queue[]>([]);
export const rates = signal<Rates | null>(null);
/** Lines a second, the newest last. */
export const lineRates = signal<number[]>([]);
export const ready = computed(() => health.value?.ready ?? null);

let before: { at: number; status: Status } | null = null;
let watchers = 0;
let timer = 0;

function differences(from: Status, to: Status, seconds: number): Rates {
  // A collector that was started again begins at zero.
  const rate = (a: number, b: number) => (b >= a ? (b - a) / seconds : 0);
  return {
    lines: rate(from.totals.lines, to.totals.lines),
    bytes: rate(from.totals.bytes, to.totals.bytes),
    acked: rate(from.totals.acked, to.totals.acked),
    commits: rate(from.journal.commits, to.journal.commits),
    pipelines: Object.fromEntries(to.pipelines.map((pipeline) => [pipeline.name, rate(from.pipelines.find((each) => each.name === pipeline.name)?.records ?? pipeline.records, pipeline.records)])),
  };
}

async function ask(): Promise<void> {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      const at = performance.now();
      const [now, waiting] = await Promise.all([status(), watchers > 0 ? queues() : Promise.resolve(null)]);
      if (before && at - before.at > 200) {
        rates.value = differences(before.status, now, (at - before.at) / 1000);
        lineRates.value = [...lineRates.value, rates.value.lines].slice(-HISTORY);
      }
      before = { at, status: now };
      health.value = now;
      if (waiting) allQueues.value = waiting;
      unreachable.value = "";
    } catch (error) {
      unreachable.value = message(error);
    }
  }
  timer = window.setTimeout(() => void ask(), EVERY_MS);
}

/** Also asks for the queues, as long as somebody draws them. */
export function watchQueues(): () => void {
  watchers += 1;
  void ask();
  return () => { watchers -= 1; };
}

export function startHealth(): void {
  void ask();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    before = null;
    void ask();
  });
}
