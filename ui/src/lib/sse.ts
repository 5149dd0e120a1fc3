// Server-sent events over `fetch`: unlike EventSource it sends a token, says which status came, and goes on from a cursor of ours.

export interface Event {
  event: string;
  data: string;
  id: string;
}

/**
 * Reads events until the stream ends, or nothing at all has come for `silence_ms`: after a sleep of the machine a connection may be dead
 * without an end. `take` gets all that came with one read.
 */
export async function readEvents(response: Response, silence_ms: number, take: (events: Event[]) => void): Promise<void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  let timer = 0;
  try {
    for (;;) {
      timer = setTimeout(() => void reader.cancel().catch(() => {}), silence_ms) as unknown as number;
      const { done, value } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      const events = parser.push(value);
      if (events.length > 0) take(events);
    }
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
}

/** Owns what has come of an event that is not complete; bounded by the largest event the server sends. */
export class EventParser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  private id = "";

  push(text: string): Event[] {
    const out: Event[] = [];
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop()!;
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line === "") {
        if (this.data.length > 0) out.push({ event: this.event || "message", data: this.data.join("\n"), id: this.id });
        this.event = "";
        this.data = [];
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "event") this.event = value;
      else if (name === "data") this.data.push(value);
      else if (name === "id") this.id = value;
    }
    return out;
  }
}
