// The range: presets that end now, or two instants.
import { useState } from "preact/hooks";
import { Menu } from "../parts";
import { asked, change, live, range } from "../../state/explore";
import { zone } from "../../state/settings";
import { clock, day, parseInstant, parseSpan, PRESETS, spanText, stamp, zoneName, type Range } from "../../lib/time";

const NAMES: Record<string, string> = { s: "second", m: "minute", h: "hour", d: "day", w: "week" };

function say(text: string): string {
  const many = text.slice(0, -1);
  return `Last ${many === "1" ? "" : `${many} `}${NAMES[text.slice(-1)]}${many === "1" ? "" : "s"}`;
}

export function rangeText(value: Range): string {
  if ("last" in value) return say(spanText(value.last));
  const { from, until } = value;
  const sameDay = day(from, zone.value) === day(until, zone.value);
  const millis = until - from < 10_000;
  return `${stamp(from, zone.value, millis)} – ${sameDay ? clock(until, zone.value, millis) : stamp(until, zone.value, millis)}`;
}

export function TimePicker() {
  return (
    <Menu icon="clock" label="Time range" says={`Time range: ${rangeText(range.value)}`} right text={<span class="range-text">{rangeText(range.value)}</span>} wide>
      {(close) => <Choices close={close} />}
    </Menu>
  );
}

function Choices({ close }: { close: () => void }) {
  const at = asked.value;
  const [from, setFrom] = useState(stamp(at.from, zone.value, false));
  const [until, setUntil] = useState(stamp(at.until, zone.value, false));
  const [wrong, setWrong] = useState("");
  const pick = (next: Range) => {
    change({ range: next });
    close();
  };
  const absolute = () => {
    const a = parseInstant(from, zone.value);
    const b = parseInstant(until, zone.value);
    if (a === null) return setWrong("The beginning is no time: write 2026-11-22 14:02 or 15m");
    if (b === null) return setWrong("The end is no time: write 2026-11-22 14:02, 15m, or now");
    if (b <= a) return setWrong("The end is before the beginning");
    pick({ from: a, until: b });
  };
  return (
    <div class="range">
      <div class="range-presets" role="group" aria-label="Presets">
        {PRESETS.map((preset) => <button key={preset} type="button" class="item" aria-pressed={"last" in range.value && range.value.last === parseSpan(preset)} onClick={() => pick({ last: parseSpan(preset)! })}>{say(preset)}</button>)}
      </div>
      <form class="range-exact" onSubmit={(event) => { event.preventDefault(); absolute(); }}>
        <label>From <input type="text" value={from} onInput={(event) => setFrom(event.currentTarget.value)} /></label>
        <label>Until <input type="text" value={until} onInput={(event) => setUntil(event.currentTarget.value)} /></label>
        <p class="faint">{zone.value === "utc" ? "UTC" : `Local time, ${zoneName(at.until, "local")}`}. Also <code>15m</code> for 15 minutes ago, <code>now</code>.{live.value && " Two instants end the live tail."}</p>
        {wrong && <p class="bad" role="alert">{wrong}</p>}
        <button type="submit" class="button main">Show this range</button>
      </form>
    </div>
  );
}
