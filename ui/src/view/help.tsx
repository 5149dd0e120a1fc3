// Keys that work here, and how a search is written.
import { Dialog } from "./parts";
import { registered } from "../state/keys";

const SEARCH: [string, string][] = [
  ["refused", "the word, whole, in any case"],
  ['"connection refused"', "words one after the other"],
  ["conn*", "a word that begins so"],
  ["/re(set|fused)/", "a regular expression"],
  ["service:web", "a field that is exactly this"],
  ["service:w*  service:*", "begins so; is there at all"],
  ["status:>=500", "a comparison: < <= > >="],
  ["level:>=warn", "a level, or how serious"],
  ["a b   a OR b", "both; one of them"],
  ["-a   NOT a   ( … )", "not that; together"],
];

const SHOWN: Record<string, string> = { " ": "Space", ArrowDown: "↓", ArrowUp: "↑", PageDown: "Page ↓", PageUp: "Page ↑", Escape: "Esc", "Ctrl+k": "Ctrl K" };

export function Help({ onClose }: { onClose: () => void }) {
  const groups = [...new Set(registered.value.map((key) => key.group))].reverse();
  return (
    <Dialog label="Help" onClose={onClose}>
      <div class="help">
        {groups.map((group) => (
          <section key={group}>
            <h2>{group}</h2>
            <dl>{registered.value.filter((key) => key.group === group).map((key) => <div key={key.does}><dt>{key.keys.map((name) => <kbd key={name}>{SHOWN[name] ?? name}</kbd>)}</dt><dd>{key.does}</dd></div>)}</dl>
          </section>
        ))}
        <section>
          <h2>Searches</h2>
          <dl class="wide-terms">{SEARCH.map(([written, means]) => <div key={written}><dt><code>{written}</code></dt><dd>{means}</dd></div>)}</dl>
        </section>
      </div>
    </Dialog>
  );
}
