// How the sources are: sums over their peers, as the collector adds them up.
import { peers, type SourceSum } from "../api/index";
import { signal } from "./signals";

const EVERY_MS = 2000;
const HISTORY = 30;

export interface SourceView extends SourceSum {
  history: number[];
}

export const sources = signal<SourceView[]>([]);

export function watchSources(): () => void {
  const stop = new AbortController();
  let timer = 0;
  const ask = async () => {
    if (!document.hidden) {
      try {
        const { sources: sums } = await peers({ limit: 1 }, stop.signal);
        if (stop.signal.aborted) return;
        const old = new Map(sources.value.map((source) => [source.source, source.history]));
        sources.value = sums.map((source) => ({ ...source, history: [...(old.get(source.source) ?? []), source.lines_per_second].slice(-HISTORY) }));
      } catch {
        if (stop.signal.aborted) return;
      }
    }
    timer = window.setTimeout(() => void ask(), EVERY_MS);
  };
  void ask();
  return () => {
    stop.abort();
    clearTimeout(timer);
  };
}
