// Following a search: one connection, connected again from the cursor when it breaks, so that nothing is missed. What comes is handed
// over in the order it came, once.
import { signal } from "../state/signals";
import { readEvents, type Event } from "../lib/sse";
import { ask, message, Problem } from "./http";
import { keyOf } from "../lib/records";
import type { LogRecord } from "./types";

export type TailState = "connecting" | "live" | "waiting" | "failed" | "stopped";

export interface TailTaker {
  records(records: LogRecord[]): void;
  /** So many records, or bytes of the journal, came and were not told. */
  skipped(what: { records?: number; bytes?: number }): void;
}

/** The collector says that it is there every 15 seconds. */
const SILENCE_MS = 45_000;
const WAIT_MS = [250, 500, 1000, 2000, 5000];

const KNOWN_MAX = 20_000;

/**
 * What was handed over from behind the cursor: positions by keys. Where several pipelines bring records, the cursor is where the slowest one
 * is, and a new connection begins with some that came already. Bounded by `KNOWN_MAX`.
 */
export type Known = Map<string, number>;

/** Owns one connection and a cursor; holds no record. Ends with `stop`; a search that is not understood ends it, too. */
export class Tail {
  readonly state = signal<TailState>("connecting");
  readonly why = signal("");
  /** Everything up to here has been handed over. */
  cursor: string | null;
  private readonly stopper = new AbortController();
  private wake: (() => void) | null = null;

  constructor(private readonly q: string, after: string | null, private readonly taker: TailTaker, private readonly known: Known = new Map()) {
    this.cursor = after;
    void this.run();
  }

  stop(): void {
    this.state.value = "stopped";
    this.stopper.abort();
    this.wake?.();
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopper.signal.aborted) {
      try {
        const response = await ask("tail", { q: this.q, after: this.cursor }, { headers: { accept: "text/event-stream" }, signal: this.stopper.signal });
        this.state.value = "live";
        await readEvents(response, SILENCE_MS, (events) => {
          failures = 0;
          this.take(events);
        });
        this.why.value ||= "the connection ended";
      } catch (error) {
        if (this.stopper.signal.aborted) break;
        this.why.value = message(error);
        if (error instanceof Problem && (error.syntax || error.body.status === 401)) {
          this.state.value = "failed";
          return;
        }
      }
      if (this.stopper.signal.aborted) break;
      this.state.value = "waiting";
      await this.pause(WAIT_MS[Math.min(failures++, WAIT_MS.length - 1)]!);
    }
  }

  private take(events: Event[]): void {
    // What was on its way when it was stopped is not handed over, and the cursor does not pass it.
    if (this.stopper.signal.aborted) return;
    const records: LogRecord[] = [];
    const flush = () => {
      if (records.length > 0) this.taker.records(records.splice(0));
    };
    for (const { event, data, id } of events) {
      if (event === "record") {
        const record = JSON.parse(data) as LogRecord;
        const key = keyOf(record);
        if (!this.known.has(key)) records.push(record);
        this.known.set(key, record.position);
      } else if (event === "skipped") {
        flush();
        this.taker.skipped(JSON.parse(data) as { records?: number; bytes?: number });
      } else if (event === "end") {
        this.why.value = (JSON.parse(data) as { reason?: string }).reason ?? "";
      }
      if (id !== "" && (event === "record" || event === "start")) this.cursor = id;
      if (event === "start") this.why.value = "";
    }
    this.forget();
    flush();
  }

  /** What lies before the cursor does not come again. */
  private forget(): void {
    const cursor = Number(this.cursor ?? 0);
    for (const [key, position] of this.known) if (position <= cursor || this.known.size > KNOWN_MAX) this.known.delete(key);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
