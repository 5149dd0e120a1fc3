// What is around every page: where one can go, how the collector is, the help.
import { useEffect, useState } from "preact/hooks";
import type { ComponentType } from "preact";
import { locked } from "./api/index";
import { Topology } from "./pages/topology";
import { Peer } from "./pages/peer";
import { Explore } from "./pages/explore";
import { Later } from "./view/later";
import { Login } from "./view/login";
import { Help } from "./view/help";
import { Palette } from "./view/palette";
import { TopBar } from "./view/top-bar";
import { notes } from "./state/notes";
import { unreachable } from "./state/health";
import { go, route, type PageName } from "./state/route";
import { useKeys } from "./state/keys";
import { params } from "./state/explore";
import { theme, zone } from "./state/settings";
import { plain } from "./lib/text";

const PAGES: Record<PageName, { title: string; draw: ComponentType }> = {
  topology: { title: "Topology", draw: Topology },
  peer: { title: "Peer", draw: Peer },
  explore: { title: "Explore", draw: Explore },
  // Their editor and their plots come when they are asked for.
  sql: { title: "SQL", draw: () => <Later load={() => import("./pages/sql").then((page) => page.Sql)} /> },
  sensors: { title: "Sensors", draw: () => <Later load={() => import("./pages/sensors").then((page) => page.Sensors)} /> },
};

export const THEMES = ["auto", "dark", "light"] as const;

export function App() {
  const [help, setHelp] = useState(false);
  const [palette, setPalette] = useState(false);
  const { title, draw: Page } = PAGES[route.value.page];
  useEffect(() => { document.title = `${title} · catchment`; }, [title]);
  const group = "Everywhere";
  useKeys([
    { keys: ["?"], does: "This help", group, run: () => setHelp(true) },
    { keys: ["Ctrl+k"], does: "Go to, do", group, run: () => setPalette(true) },
    { keys: ["1"], does: "Topology", group, run: () => go("topology") },
    { keys: ["2"], does: "Explore", group, run: () => go("explore", params(false)) },
    { keys: ["3"], does: "SQL", group, run: () => go("sql") },
    { keys: ["4"], does: "Sensors", group, run: () => go("sensors") },
    { keys: ["u"], does: "UTC or local time", group, run: () => { zone.value = zone.value === "utc" ? "local" : "utc"; } },
    { keys: ["t"], does: "Dark, light, as the system", group, run: () => { theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!; } },
  ]);
  return <>
    <a class="skip" href="#page" onClick={(event) => { event.preventDefault(); document.getElementById("page")?.focus(); }}>Skip to the page</a>
    <TopBar onHelp={() => setHelp(true)} />
    {unreachable.value && !locked.value && <div class="banner" role="alert">The collector cannot be reached: {unreachable.value}. What is shown is as it was.</div>}
    {locked.value ? <Login /> : <Page key={route.value.page} />}
    {help && <Help onClose={() => setHelp(false)} />}
    {palette && <Palette onClose={() => setPalette(false)} />}
    <div class="notes" role="status" aria-live="polite">{notes.value.map((note) => <div key={note.id} class={`note ${note.bad ? "bad" : ""}`}>{plain(note.text)}</div>)}</div>
  </>;
}
