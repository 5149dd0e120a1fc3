// Where one can go, and how the collector is.
import { Button } from "./parts";
import { Icon, type IconName } from "./icons";
import { rate } from "../lib/format";
import { zoneName } from "../lib/time";
import { health, rates, unreachable } from "../state/health";
import { href, route, type PageName } from "../state/route";
import { params } from "../state/explore";
import { theme, zone, type Theme } from "../state/settings";

const PLACES: [PageName, string, IconName][] = [["topology", "Topology", "topology"], ["explore", "Explore", "list"], ["sql", "SQL", "sql"], ["sensors", "Sensors", "wave"]];
const THEMES: Record<Theme, [IconName, Theme, string]> = { auto: ["auto", "dark", "as the system"], dark: ["moon", "light", "dark"], light: ["sun", "auto", "light"] };

export function TopBar({ onHelp }: { onHelp: () => void }) {
  const page = route.value.page === "peer" ? "topology" : route.value.page;
  const [icon, next, name] = THEMES[theme.value];
  return (
    <header class="top-bar">
      <a class="brand" href={href("topology")} aria-label="catchment">
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.8" stroke-linecap="round"><path d="M5 4c1 8 11 6 11 15v9" /><path d="M27 4c-1 8-11 6-11 15" /><path d="M16 3v10" /></svg>
        <span>catchment</span>
      </a>
      <nav aria-label="Pages">
        {PLACES.map(([place, text, symbol]) => <a key={place} href={place === "explore" ? href("explore", params(false)) : href(place)} aria-current={page === place ? "page" : undefined}><Icon name={symbol} /><span>{text}</span></a>)}
      </nav>
      <span class="grow" />
      <Health />
      <button type="button" class="button ghost" aria-label={zone.value === "utc" ? "UTC: show local times" : `Local ${zoneName(Date.now(), "local")}: show times in UTC`} title="UTC or local (u)" onClick={() => { zone.value = zone.value === "utc" ? "local" : "utc"; }}>{zone.value === "utc" ? "UTC" : <span>Local<span class="wide-only faint"> {zoneName(Date.now(), "local")}</span></span>}</button>
      <Button icon={icon} label={`Colours: ${name}`} hint="t" kind="ghost" onClick={() => { theme.value = next; }} />
      <Button icon="help" label="Help" hint="?" kind="ghost" onClick={onHelp} />
    </header>
  );
}

function Health() {
  const state = health.value;
  if (unreachable.value) return <span class="health bad"><i class="dot" />unreachable</span>;
  if (!state) return null;
  const journal = state.journal.state;
  return (
    <span class={`health ${state.ready ? "good" : "bad"}`} title={state.journal.reason ?? `The journal is ${journal}`}>
      <i class="dot" /><span>{state.ready ? "ready" : journal}</span>
      <span class="wide-only faint">{rates.value ? `${rate(rates.value.lines)} lines/s` : ""}</span>
    </span>
  );
}
