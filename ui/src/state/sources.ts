// How the sources are: sums over their peers, as the collector adds them up.
import { peers, type SourceSum } from "../api/index";
import { signal } from "./signals";

const EVERY_MS = 2000;
const HISTORY = 30;
/** So many peers are added up here, should the collector not do it. */
const PEERS_MAX = 1000;

export interface SourceView extends SourceSum {
  history: number[];
}

export const sources = signal<SourceView[]>([]);

export function watchSources(): () => void {
  const stop = new AbortController();
  let timer = 0;
  let limit = 1;
  const ask = async () => {
    if (!document.hidden) {
      try {
        const answer = await peers({ limit }, stop.signal);
        if (stop.signal.aborted) return;
        const sums = answer.sources ?? sum(answer.peers);
        if (!answer.sources && limit === 1) {
          limit = PEERS_MAX;
          timer = window.setTimeout(() => void ask());
          return;
        }
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

function sum(all: Awaited<ReturnType<typeof peers>>["peers"]): SourceSum[] {
  const sums = new Map<string, SourceSum>();
  for (const peer of all) {
    const one = sums.get(peer.source) ?? { source: peer.source, peers: 0, connected: 0, lines_per_second: 0, unacked: 0 };
    one.peers += 1;
    one.connected += peer.state === "connected" ? 1 : 0;
    one.lines_per_second += peer.lines_per_second;
    one.unacked += peer.unacked;
    sums.set(peer.source, one);
  }
  return [...sums.values()].sort((a, b) => (a.source < b.source ? -1 : 1));
}
