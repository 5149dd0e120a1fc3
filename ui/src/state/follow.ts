// Live tail into a list: what comes is appended once a frame; while it is paused, or faster than anybody reads, it is counted.
import { computed, signal } from "./signals";
import { Tail, type Known, type TailState } from "../api/tail";
import type { LogRecord } from "../api/types";
import { gapRow, recordRow, type Row, type Rows } from "./rows";

/** More lines a second than this nobody can read: they are counted and can be asked for. */
export const RATE_MAX = 1000;
/** What may come at once beyond that: the lines of a lost connection must not be skipped. */
const BURST_MAX = 10_000;
/** So often at most the list is drawn anew: more often nobody sees, and it would keep a slow machine busy. */
const DRAW_MS = 60;
/** While paused so many lines are held. Then the connection is closed, and goes on from its cursor later. */
const HELD_MAX = 5000;

/** Owns a tail and what it has brought but not shown; bounded by `HELD_MAX` and one frame. Stops with `stop`. */
export class Follow {
  readonly state = signal<TailState>("connecting");
  readonly why = signal("");
  readonly paused = signal(false);
  readonly received = signal(0);
  readonly shown = signal(0);
  readonly skipped = signal(0);
  /** Lines that wait behind a pause; more may wait at the collector when `heldAll` is false. */
  readonly held = signal(0);
  readonly heldAll = signal(true);
  readonly lost = computed(() => this.state.value === "waiting");
  private tail: Tail | null = null;
  private unlisten = () => {};
  private waiting: Row[] = [];
  private frame = 0;
  private timer = 0;
  private flushed = 0;
  private tokens = BURST_MAX;
  private refilled = performance.now();
  private stopped = false;

  constructor(private readonly rows: Rows, private readonly q: string, after: string | null) {
    this.connect(after);
  }

  stop(): void {
    this.stopped = true;
    this.disconnect();
    this.unschedule();
    this.waiting = [];
  }

  pause(): void {
    if (this.paused.value || this.stopped) return;
    this.flush();
    this.paused.value = true;
  }

  /** Shows what has waited, then what waited at the collector: without a gap. */
  resume(): void {
    if (!this.paused.value || this.stopped) return;
    this.paused.value = false;
    this.flush();
    if (!this.heldAll.value) {
      this.heldAll.value = true;
      this.tokens = BURST_MAX;
      this.connect(this.cursor);
    }
  }

  /** Forgets what has waited, visibly, and goes on with what comes next. */
  skipToNow(): void {
    const going = this.waiting.length;
    const first = this.waiting.find((row) => row.kind === "record");
    const last = this.waiting[going - 1];
    this.disconnect();
    this.waiting = [];
    this.skipped.value += going;
    if (going > 0) this.rows.append([gapRow(going, "rate", first?.kind === "record" ? first.record.position : null, last?.kind === "record" && this.heldAll.value ? last.record.position : null)]);
    this.held.value = 0;
    this.heldAll.value = true;
    this.paused.value = false;
    this.connect(null);
  }

  private cursor: string | null = null;
  private readonly known: Known = new Map();

  private connect(after: string | null): void {
    this.disconnect();
    const tail = new Tail(this.q, after, { records: (records) => this.take(records), skipped: (what) => this.lose(what) }, this.known);
    this.tail = tail;
    const stop = [tail.state.subscribe((state) => { this.state.value = state; }), tail.why.subscribe((why) => { this.why.value = why; })];
    this.unlisten = () => stop.forEach((each) => each());
  }

  private disconnect(): void {
    this.unlisten();
    if (this.tail) {
      this.tail.stop();
      this.cursor = this.tail.cursor;
    }
    this.tail = null;
  }

  private take(records: LogRecord[]): void {
    this.received.value += records.length;
    const shown = this.paused.value ? records : this.guard(records);
    for (const record of shown) this.waiting.push(recordRow(record));
    if (shown.length < records.length) {
      const rest = records.slice(shown.length);
      this.gap(rest.length, "rate", rest[0]!.position, rest[rest.length - 1]!.position);
    }
    this.schedule();
  }

  private lose(what: { records?: number; bytes?: number }): void {
    if (what.records) this.gap(what.records, "slow", null, null);
    else if (what.bytes) this.waiting.push(gapRow(what.bytes, "gone", null, null, "bytes"));
    this.schedule();
  }

  private gap(count: number, why: "rate" | "slow", from: number | null, to: number | null): void {
    this.skipped.value += count;
    const last = this.waiting[this.waiting.length - 1];
    if (last?.kind === "gap" && last.why === why) {
      last.count += count;
      last.to = to ?? last.to;
    } else if (this.waiting.length > 0 || !this.rows.growGap(why, count, to)) {
      this.waiting.push(gapRow(count, why, from, to));
    }
  }

  /** Those of the records that are within the rate. */
  private guard(records: LogRecord[]): LogRecord[] {
    const now = performance.now();
    this.tokens = Math.min(BURST_MAX, this.tokens + ((now - this.refilled) / 1000) * RATE_MAX);
    this.refilled = now;
    const many = Math.min(records.length, Math.floor(this.tokens));
    this.tokens -= many;
    return many === records.length ? records : records.slice(0, many);
  }

  private schedule(): void {
    if (this.stopped) return;
    if (this.paused.value) {
      this.held.value = this.waiting.length;
      if (this.waiting.length >= HELD_MAX && this.tail) {
        this.heldAll.value = false;
        this.disconnect();
      }
    } else if (document.hidden || this.waiting.length > BURST_MAX) {
      // Nobody draws frames then, or too seldom; the rows are bounded all the same.
      this.flush();
    } else if (this.timer === 0 && this.frame === 0) {
      this.timer = window.setTimeout(() => {
        this.timer = 0;
        this.frame = requestAnimationFrame(() => {
          this.frame = 0;
          // A pause may have come in between: then it stays held.
          if (!this.paused.value) this.flush();
        });
      }, Math.max(0, DRAW_MS - (performance.now() - this.flushed)));
    }
  }

  private unschedule(): void {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.timer = this.frame = 0;
  }

  private flush(): void {
    this.unschedule();
    this.flushed = performance.now();
    const rows = this.waiting.splice(0);
    this.held.value = 0;
    if (rows.length === 0) return;
    this.shown.value += rows.reduce((sum, row) => sum + (row.kind === "record" ? 1 : 0), 0);
    this.rows.append(rows);
  }
}
