// The most frequent values of fields: click to see only those, or to see them no more.
import { useEffect, useState } from "preact/hooks";
import { facets, Problem, type Facet, type Json } from "../../api/index";
import { Icon } from "../icons";
import { plain } from "../../lib/text";
import { count, short } from "../../lib/format";
import { hasFilter } from "../../lib/query";
import { live, query, searched, span, toggleFilter } from "../../state/explore";
import { knownFields, refreshFields } from "../../state/fields";
import { columns, stored } from "../../state/settings";
import { text } from "../../lib/records";

const ALWAYS = ["level", "source", "peer"];
const VALUES = 8;
const FIELDS_MAX = 13;
const LIVE_EVERY_MS = 15_000;
const BUSY_MS = 2000;
const strings = (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === "string");
const opened = stored<string[]>("facet_fields", [], strings);

export function Facets() {
  const [known, setKnown] = useState<Record<string, Facet>>({});
  const [total, setTotal] = useState(0);
  const [wanted, setWanted] = useState("");
  const turn = searched.value;
  const following = live.value;
  const asked = [...ALWAYS, ...opened.value.filter((name) => !ALWAYS.includes(name))].slice(0, ALWAYS.length + FIELDS_MAX);
  const key = asked.join(",");
  useEffect(() => {
    refreshFields();
    const stop = new AbortController();
    let timer = 0;
    const ask = async () => {
      const began = performance.now();
      let busy = false;
      try {
        // A name with a comma cannot stand beside others.
        const groups = [asked.filter((name) => !name.includes(",")), ...asked.filter((name) => name.includes(",")).map((name) => [name])];
        for (const group of groups) {
          const answer = await facets(query.value, span(), group, VALUES, undefined, stop.signal);
          if (stop.signal.aborted) return;
          setTotal(answer.total);
          setKnown((old) => ({ ...old, ...Object.fromEntries(answer.facets.map((facet) => [facet.field, facet])) }));
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        setKnown({});
        // Many may ask at once; then it is worth asking again. What else is wrong the list says.
        busy = error instanceof Problem && error.body.code === "too_many";
      }
      if (busy) timer = window.setTimeout(() => void ask(), BUSY_MS);
      else if (following) timer = window.setTimeout(() => void ask(), Math.max(LIVE_EVERY_MS, 20 * (performance.now() - began)));
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [turn, following, key]);

  const others = knownFields.value.filter((field) => !asked.includes(field.name) && !["message", "position", "raw", "extra", "time", "received"].includes(field.name) && field.name.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <nav class="facets" aria-label="Fields">
      {asked.map((name) => <OneFacet key={name} name={name} facet={known[name]} total={total} closable={!ALWAYS.includes(name)} />)}
      <div class="facet-more">
        <h2>More fields</h2>
        {knownFields.value.length > 12 && <input type="search" aria-label="Find a field" placeholder="Find a field" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />}
        <ul>
          {others.slice(0, 200).map((field) => (
            <li key={field.name}>
              <button type="button" class="item" onClick={() => { opened.value = [...opened.value, field.name].slice(-FIELDS_MAX); }}>
                <span class="facet-value">{plain(field.name)}</span><span class="faint">{field.type}</span>
              </button>
            </li>
          ))}
        </ul>
        {others.length === 0 && <p class="faint">{wanted ? "None is called so" : "The lines have no other"}</p>}
      </div>
    </nav>
  );
}

function OneFacet({ name, facet, total, closable }: { name: string; facet: Facet | undefined; total: number; closable: boolean }) {
  const shown = columns.value.includes(name);
  return (
    <section class="facet" aria-label={name}>
      <header>
        <h2 title={facet ? `${facet.type}, about ${count(facet.distinct)} values, in ${count(facet.present)} of ${count(total)} lines` : undefined}>{plain(name)}</h2>
        {facet && <span class="faint">{facet.distinct > facet.values.length ? `~${short(facet.distinct)}` : ""}{facet.present < total && total > 0 ? ` ${Math.round((100 * facet.present) / total)} %` : ""}</span>}
        {name !== "level" && <button type="button" class="button ghost square tiny" aria-pressed={shown} aria-label={`Column ${name}`} title="Show as a column" onClick={() => { columns.value = shown ? columns.value.filter((each) => each !== name) : [...columns.value, name]; }}><Icon name="columns" /></button>}
        {closable && <button type="button" class="button ghost square tiny" aria-label={`Close ${name}`} onClick={() => { opened.value = opened.value.filter((each) => each !== name); }}><Icon name="close" /></button>}
      </header>
      <ul>
        {facet?.values.map(({ value, count: many }) => <Value key={text(value)} field={name} value={value} many={many} share={total > 0 ? many / total : 0} />)}
      </ul>
      {facet && facet.values.length === 0 && <p class="faint">nowhere</p>}
    </section>
  );
}

function Value({ field, value, many, share }: { field: string; value: Json; many: number; share: number }) {
  const shown = text(value);
  const only = hasFilter(query.value, field, shown, false);
  return (
    <li class={field === "level" ? shown : ""}>
      <div class="facet-share" style={{ width: `${Math.min(100, share * 100)}%` }} />
      <button type="button" class="facet-pick" aria-pressed={only} title={`Only ${plain(field)} = ${plain(shown)}`} onClick={() => toggleFilter(field, shown, false)}>
        {field === "level" && <i class="dot" />}
        <span class="facet-value">{plain(shown) || "(empty)"}</span>
        <span class="facet-count">{short(many)}</span>
      </button>
      <button type="button" class="facet-not" aria-label={`Without ${field} = ${shown}`} title={`Without ${plain(field)} = ${plain(shown)}`} onClick={() => toggleFilter(field, shown, true)}><Icon name="minus" /></button>
    </li>
  );
}
