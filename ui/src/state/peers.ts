// The peers on the screen. The collector sorts and filters; here are the pages that somebody looks at, asked for again every two seconds.
import { peers as ask, message, type Peer } from "../api/index";
import { signal } from "./signals";

const EVERY_MS = 2000;
const PAGE = 100;
const HISTORY = 30;
/** Of so many peers the rates of the last minute are kept; those that were seen longest ago go first. */
const HISTORIES_MAX = 2000;

export interface PeerQuery {
  q: string;
  state: string;
  source: string;
  sort: string;
  order: "asc" | "desc";
}

export const peerName = (peer: Peer) => `${peer.source}\u0000${peer.peer}`;

/** Owns the window of peers; bounded by the window and `HISTORIES_MAX`. Stops with `stop`. */
export class PeerWindow {
  readonly total = signal(0);
  readonly states = signal<Record<string, number>>({});
  readonly version = signal(0);
  readonly wrong = signal("");
  private found = new Map<number, Peer>();
  private histories = new Map<string, number[]>();
  private from = 0;
  private to = PAGE;
  private timer = 0;
  private running: AbortController | null = null;
  private stopped = false;

  constructor(private query: PeerQuery) {
    void this.load(false);
  }

  at(index: number): Peer | undefined {
    return this.found.get(index);
  }

  history(peer: Peer): readonly number[] {
    return this.histories.get(peerName(peer)) ?? [];
  }

  ask(query: PeerQuery): void {
    this.query = query;
    void this.load(false);
  }

  show(from: number, to: number): void {
    this.from = from;
    this.to = Math.max(to, from + 1);
    for (let at = from; at < Math.min(to, this.total.value); at += 1) {
      if (this.found.has(at)) continue;
      void this.load(false);
      return;
    }
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.running?.abort();
  }

  private async load(again: boolean): Promise<void> {
    clearTimeout(this.timer);
    if (!again || !document.hidden) {
      this.running?.abort();
      const stop = (this.running = new AbortController());
      const offset = Math.max(0, this.from - PAGE / 2);
      try {
        const answer = await ask({ ...this.query, offset, limit: Math.max(PAGE, this.to - offset + PAGE / 2) }, stop.signal);
        if (stop.signal.aborted) return;
        // Others than these are not on the screen, and old.
        this.found = new Map(answer.peers.map((peer, at) => [offset + at, peer]));
        for (const peer of answer.peers) this.note(peer);
        this.total.value = answer.total;
        this.states.value = answer.states;
        this.wrong.value = "";
        this.version.value += 1;
      } catch (error) {
        if (stop.signal.aborted) return;
        this.wrong.value = message(error);
      }
    }
    if (!this.stopped) this.timer = window.setTimeout(() => void this.load(true), EVERY_MS);
  }

  private note(peer: Peer): void {
    const name = peerName(peer);
    const history = [...(this.histories.get(name) ?? []), peer.lines_per_second].slice(-HISTORY);
    this.histories.delete(name);
    this.histories.set(name, history);
    if (this.histories.size > HISTORIES_MAX) this.histories.delete(this.histories.keys().next().value!);
  }
}
