// Go anywhere, do anything, by its name.
import { useState } from "preact/hooks";
import { Dialog } from "./parts";
import { registered } from "../state/keys";
import { saved } from "../state/saved";
import { searches } from "../state/settings";
import { go, href } from "../state/route";
import { peers } from "../api/index";
import { plain } from "../lib/text";
import { useEffect } from "preact/hooks";

interface Entry {
  text: string;
  detail: string;
  run: () => void;
}

const SHOWN_MAX = 14;

export function Palette({ onClose }: { onClose: () => void }) {
  const [wanted, setWanted] = useState("");
  const [active, setActive] = useState(0);
  const [found, setFound] = useState<Entry[]>([]);
  useEffect(() => {
    if (wanted.length < 2) return setFound([]);
    const stop = new AbortController();
    peers({ q: wanted, limit: 5 }, stop.signal).then((answer) => setFound(answer.peers.map((peer) => ({ text: peer.peer, detail: `peer of ${peer.source}`, run: () => { location.hash = href("peer", { source: peer.source, peer: peer.peer }); } }))), () => {});
    return () => stop.abort();
  }, [wanted]);
  const has = (text: string) => text.toLowerCase().includes(wanted.toLowerCase());
  const entries: Entry[] = [
    ...registered.value.filter((key) => has(key.does) && !key.keys.includes("Ctrl+k")).map((key) => ({ text: key.does, detail: key.keys[0]!, run: () => key.run(new KeyboardEvent("keydown")) })),
    ...found,
    ...saved.value.filter((one) => has(one.name)).slice(0, 5).map((one) => ({ text: one.name, detail: "saved search", run: () => go("explore", { q: one.q, last: one.last ?? undefined, columns: one.columns.join(",") }) })),
    ...searches.value.filter(has).slice(0, 5).map((q) => ({ text: q, detail: "search", run: () => go("explore", { q }) })),
    ...(wanted.trim() ? [{ text: wanted, detail: "search for this", run: () => go("explore", { q: wanted.trim() }) }] : []),
  ].slice(0, SHOWN_MAX);
  const pick = (entry: Entry | undefined) => {
    onClose();
    if (entry) setTimeout(entry.run);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setActive((active + (event.key === "ArrowDown" ? 1 : entries.length - 1)) % Math.max(1, entries.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      pick(entries[active]);
    }
  };
  return (
    <Dialog label="Go to" onClose={onClose}>
      <div class="palette" onKeyDown={onKeyDown}>
        <input type="text" autofocus placeholder="Go to a page or a peer, do something, search" aria-label="What to do" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={`palette-${active}`} value={wanted} onInput={(event) => { setWanted(event.currentTarget.value); setActive(0); }} />
        <ul id="palette-list" role="listbox" aria-label="What there is">
          {entries.map((entry, at) => <li key={entry.detail + entry.text} id={`palette-${at}`} role="option" aria-selected={at === active} onPointerDown={(event) => { event.preventDefault(); pick(entry); }}><span>{plain(entry.text)}</span><span class="faint">{entry.detail}</span></li>)}
        </ul>
      </div>
    </Dialog>
  );
}
