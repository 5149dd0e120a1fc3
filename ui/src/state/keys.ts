// Keys: each is registered with what it does, so that the help shows exactly those that work.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "./signals";

export interface Key {
  keys: string[];
  does: string;
  group: string;
  run: (event: KeyboardEvent) => void;
}

export const registered = signal<Key[]>([]);

/** Registers keys while a component is there. Which ones it has does not change; what they do is as of the last drawing. */
export function useKeys(keys: Key[]): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const mine = keys.map((key, at) => ({ ...key, run: (event: KeyboardEvent) => latest.current[at]!.run(event) }));
    registered.value = [...registered.value, ...mine];
    return () => { registered.value = registered.value.filter((key) => !mine.includes(key)); };
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.shadowRoot !== null);
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || isTyping(event.target)) return;
  const name = event.ctrlKey || event.metaKey ? `Ctrl+${event.key.toLowerCase()}` : event.key;
  // A button's own keys are its own.
  if ((event.key === " " || event.key === "Enter") && event.target instanceof HTMLElement && event.target.closest("button, a, [role=application]")) return;
  const found = registered.value.findLast((key) => key.keys.includes(name));
  if (!found) return;
  event.preventDefault();
  found.run(event);
});
// From anywhere, also while typing.
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k" || event.defaultPrevented) return;
  const found = registered.value.findLast((key) => key.keys.includes("Ctrl+k"));
  if (!found) return;
  event.preventDefault();
  found.run(event);
});
