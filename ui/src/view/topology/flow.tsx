// The picture: from the peers through the journal and the pipelines to where records go, with what flows and what waits.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Gauge, Spark } from "../parts";
import { bytes, count, percent, rate, short, span } from "../../lib/format";
import { plain } from "../../lib/text";
import { href } from "../../state/route";
import { allQueues, health, lineRates, rates, watchQueues } from "../../state/health";
import { sources, watchSources } from "../../state/sources";
import type { Pipeline, Queue, Stage, Status } from "../../api/index";

interface Edge {
  from: string;
  to: string;
  rate: number;
  back?: boolean;
}

const SOURCES_MAX = 6;

export function Flow() {
  useEffect(watchQueues, []);
  useEffect(watchSources, []);
  const box = useRef<HTMLDivElement>(null);
  const state = health.value;
  const now = rates.value;
  if (!state) return <div class="flow" aria-busy="true" />;

  const all = sources.value;
  const drawn = all.slice(0, SOURCES_MAX);
  const rest = all.slice(SOURCES_MAX);
  const outputs = outputsOf(state);
  const edges: Edge[] = [];
  // An ACK goes back for each line, once it is durable.
  for (const source of drawn) {
    const id = `source ${source.source}`;
    edges.push({ from: id, to: "journal", rate: source.lines_per_second }, { from: "journal", to: id, rate: now && now.acked > 0 ? source.lines_per_second : 0, back: true });
  }
  if (rest.length > 0) edges.push({ from: "source …", to: "journal", rate: rest.reduce((sum, source) => sum + source.lines_per_second, 0) });
  for (const pipeline of state.pipelines) {
    const flowing = now?.pipelines[pipeline.name] ?? 0;
    edges.push({ from: "journal", to: `pipeline ${pipeline.name}`, rate: flowing });
    for (const output of pipeline.to) edges.push({ from: `pipeline ${pipeline.name}`, to: `output ${output}`, rate: flowing });
  }
  return (
    <div class="flow" ref={box} role="group" aria-label="From the peers to where records go">
      <Edges box={box} edges={edges} />
      <div class="flow-column">
        <h2>Peers</h2>
        {drawn.map((source) => (
          <Node key={source.source} id={`source ${source.source}`} title={plain(source.source)} kind="source" state={source.connected === source.peers ? "good" : source.connected === 0 ? "bad" : "warn"} link={href("topology", { source: source.source })}>
            <div class="node-line"><b>{count(source.connected)}</b> of {count(source.peers)} connected</div>
            <div class="node-line"><b>{rate(source.lines_per_second)}</b> lines/s<Spark values={source.history} width={64} height={16} /></div>
            <div class="node-line faint"><span class={source.unacked > 0 ? "" : "faint"}>{short(source.unacked)} unacked</span></div>
          </Node>
        ))}
        {rest.length > 0 && <Node id="source …" title={`${rest.length} more`} kind="source"><div class="node-line"><b>{rate(rest.reduce((sum, source) => sum + source.lines_per_second, 0))}</b> lines/s</div></Node>}
        {all.length === 0 && <Node id="source …" title="No peer yet" kind="source"><div class="node-line faint">{count(state.totals.connected)} connected</div></Node>}
      </div>
      <div class="flow-column">
        <h2>Journal</h2>
        <Node id="journal" title="journal" kind="journal" state={state.ready ? "good" : "bad"}>
          <div class="node-line"><b>{rate(now?.lines)}</b> lines/s<Spark values={lineRates.value.slice(-30)} width={64} height={16} /></div>
          <div class="node-line"><b>{bytes(now?.bytes)}</b>/s, <b>{rate(now?.acked)}</b> ACK/s</div>
          <div class="node-line">{rate(now?.commits)} commits/s{state.journal.sync_mean_micros !== undefined && <>, sync {span(state.journal.sync_mean_micros / 1000)}</>}</div>
          <div class="node-line">{bytes(state.journal.disk_bytes)} on disk, {count(state.journal.segments)} {state.journal.segments === 1 ? "segment" : "segments"}</div>
          {state.journal.reason && <div class="node-line bad">{plain(state.journal.reason)}</div>}
          {(state.journal.dropped_lines ?? 0) > 0 && <div class="node-line bad">{count(state.journal.dropped_lines)} lines dropped</div>}
          <Queues of={(name) => name.startsWith("journal")} />
        </Node>
      </div>
      <div class="flow-column">
        <h2>Pipelines</h2>
        {state.pipelines.map((pipeline) => <PipelineNode key={pipeline.name} pipeline={pipeline} rate={now?.pipelines[pipeline.name]} />)}
      </div>
      <div class="flow-column">
        <h2>Outputs</h2>
        {outputs.map((output) => <Node key={output.name} id={`output ${output.name}`} title={plain(output.name.split("/").pop() || output.name)} kind="output" state={output.state} {...(output.link ? { link: output.link } : {})}>
          {output.lines.map((line) => <div key={line} class="node-line">{line}</div>)}
          <Queues of={(name) => name.startsWith(output.name)} />
        </Node>)}
      </div>
    </div>
  );
}

type State = "good" | "warn" | "bad";

function Node({ id, title, kind, state, link, children }: { id: string; title: string; kind: string; state?: State; link?: string; children: ComponentChildren }) {
  return (
    <section class={`node ${kind}`} data-node={id} aria-label={`${kind} ${title}`}>
      <header>{state && <i class={`dot ${state}`} />}{link ? <a href={link}>{title}</a> : <span>{title}</span>}</header>
      {children}
    </section>
  );
}

function PipelineNode({ pipeline, rate: flowing }: { pipeline: Pipeline; rate: number | undefined }) {
  const state: State = pipeline.state === "running" ? (pipeline.failures > 0 ? "warn" : "good") : pipeline.state === "waiting" ? "warn" : "bad";
  const mine = (name: string) => name.startsWith("pipeline") && name.slice(8).replace(/^[_:/.]/, "") === pipeline.name;
  return (
    <Node id={`pipeline ${pipeline.name}`} title={plain(pipeline.name)} kind="pipeline" state={state}>
      {pipeline.from.length > 0 && <div class="node-line faint">from {plain(pipeline.from.join(", "))}</div>}
      {pipeline.stages.length > 0 && <div class="node-stages">{pipeline.stages.map((stage, at) => <StageMark key={at} stage={stage} />)}</div>}
      <div class="node-line"><b>{rate(flowing)}</b> records/s</div>
      <div class="node-line">{pipeline.behind_bytes === 0 ? "up to date" : <><b>{bytes(pipeline.behind_bytes)}</b> behind</>}</div>
      {pipeline.dropped > 0 && <div class="node-line">{short(pipeline.dropped)} dropped by its stages</div>}
      {pipeline.failures > 0 && <div class="node-line warn-text">{short(pipeline.failures)} failures, kept</div>}
      {pipeline.reason && <div class="node-line warn-text">{plain(pipeline.reason)}</div>}
      <Queues of={mine} />
    </Node>
  );
}

/** One step of a pipeline; what became of its records is told to who points at it. */
function StageMark({ stage }: { stage: Stage }) {
  const told = [`${short(stage.records)} records`, `${short(stage.changed)} changed`, `${short(stage.dropped)} dropped`, `${short(stage.failed)} failed`];
  if (stage.trouble) told.push(plain(stage.trouble));
  return <span class={stage.failed > 0 || stage.trouble ? "warn-text" : ""} title={told.join(", ")}>{plain(stage.stage)}</span>;
}

interface Output {
  name: string;
  lines: string[];
  state: State;
  link?: string;
}

function outputsOf(state: Status): Output[] {
  const named = new Set(state.pipelines.flatMap((pipeline) => pipeline.to));
  const store = state.store;
  const rows = (store.memory_rows ?? 0) + (store.part_rows ?? 0);
  const damaged = Array.isArray(store["damaged"]) ? store["damaged"].length : Number(store["damaged"] ?? 0);
  const out: Output[] = [];
  if (named.has("store")) {
    const lines = [`${short(rows)} records`, `${bytes(store.part_bytes)} in ${count(store.parts)} ${store.parts === 1 ? "part" : "parts"}`, `${bytes(store.memory_bytes)} in memory`];
    if (damaged > 0) lines.push(`${damaged} damaged`);
    out.push({ name: "store", lines, state: damaged > 0 ? "bad" : "good", link: href("explore") });
  }
  if (named.has("tail")) out.push({ name: "tail", lines: [`${count(state.tail.subscribers)} ${state.tail.subscribers === 1 ? "follows" : "follow"}`], state: "good", link: href("explore", { live: "1" }) });
  for (const name of named) if (name !== "store" && name !== "tail") out.push({ name, lines: [], state: "good" });
  return out;
}

/** What waits in the queues of one box, against what may. */
function Queues({ of }: { of: (name: string) => boolean }) {
  return <>{allQueues.value.filter((queue) => of(queue.name)).map((queue) => <QueueLine key={queue.name} queue={queue} />)}</>;
}

export function amount(value: number, unit: string): string {
  return unit === "bytes" ? bytes(value) : `${short(value)} ${unit}`;
}

export function QueueLine({ queue }: { queue: Queue }) {
  return (
    <div class="node-queue" title={`${queue.label}: ${amount(queue.depth, queue.unit)}${queue.limit === null ? "" : ` of ${amount(queue.limit, queue.unit)}, ${percent(queue.depth, queue.limit)}`}`}>
      <span class="node-queue-name">{plain(queue.label)}</span>
      <span>{amount(queue.depth, queue.unit)}{queue.limit !== null && <span class="faint"> / {amount(queue.limit, queue.unit)}</span>}</span>
      {queue.limit !== null && <Gauge share={queue.limit > 0 ? queue.depth / queue.limit : 0} />}
      {queue.oldest_seconds !== null && queue.oldest_seconds > 0 && <span class="node-oldest faint">oldest waits {span(queue.oldest_seconds * 1000)}</span>}
    </div>
  );
}

/** The lines between the boxes, drawn behind them: as wide and as quick as what flows. */
function Edges({ box, edges }: { box: { current: HTMLDivElement | null }; edges: Edge[] }) {
  const [paths, setPaths] = useState<{ key: string; d: string; rate: number; back: boolean }[]>([]);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const key = edges.map((edge) => `${edge.from}>${edge.to}`).join("|");
  const latest = useRef(edges);
  latest.current = edges;
  useLayoutEffect(() => {
    const root = box.current!;
    const measure = () => {
      const frame = root.getBoundingClientRect();
      setSize({ width: frame.width, height: frame.height });
      const places = new Map([...root.querySelectorAll<HTMLElement>("[data-node]")].map((node) => [node.dataset["node"]!, node.getBoundingClientRect()]));
      setPaths(latest.current.flatMap((edge) => {
        const a = places.get(edge.from);
        const b = places.get(edge.to);
        return a && b ? [{ key: `${edge.from}>${edge.to}${edge.back ? "<" : ""}`, d: path(a, b, frame, edge.back ?? false), rate: edge.rate, back: edge.back ?? false }] : [];
      }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(root);
    root.querySelectorAll("[data-node]").forEach((node) => observer.observe(node));
    return () => observer.disconnect();
  }, [key]);
  const rateOf = (pathKey: string) => edges.find((edge) => `${edge.from}>${edge.to}${edge.back ? "<" : ""}` === pathKey)?.rate ?? 0;
  return (
    <svg class="flow-edges" width={size.width} height={size.height} aria-hidden="true">
      {paths.map((each) => {
        const flowing = rateOf(each.key);
        const wide = flowing <= 0 ? 1 : Math.min(5, 1.2 + Math.log10(1 + flowing) * 0.8);
        return <g key={each.key} class={each.back ? "back" : ""}>
          <path d={each.d} class="edge" stroke-width={wide} />
          {flowing > 0 && <path d={each.d} class={`edge-flow ${flowing > 1000 ? "quick" : flowing > 50 ? "" : "slow"}`} stroke-width={Math.max(1.4, wide * 0.6)} />}
        </g>;
      })}
    </svg>
  );
}

function path(a: DOMRect, b: DOMRect, frame: DOMRect, back: boolean): string {
  const round = (value: number) => value.toFixed(1);
  // Beside each other, or one below the other on a narrow screen.
  if (b.left >= a.right - 4 || b.right <= a.left + 4) {
    const forth = b.left >= a.right - 4;
    const shift = back ? 9 : 0;
    const x1 = (forth ? a.right : a.left) - frame.left;
    const x2 = (forth ? b.left : b.right) - frame.left;
    const y1 = a.top + Math.min(a.height / 2, 60) + shift - frame.top;
    const y2 = b.top + Math.min(b.height / 2, 60) + shift - frame.top;
    const middle = (x1 + x2) / 2;
    return `M${round(x1)} ${round(y1)}C${round(middle)} ${round(y1)} ${round(middle)} ${round(y2)} ${round(x2)} ${round(y2)}`;
  }
  const shift = back ? 14 : 0;
  const x1 = a.left + a.width / 2 + shift - frame.left;
  const x2 = b.left + b.width / 2 + shift - frame.left;
  const down = b.top >= a.bottom - 4;
  const y1 = (down ? a.bottom : a.top) - frame.top;
  const y2 = (down ? b.top : b.bottom) - frame.top;
  const middle = (y1 + y2) / 2;
  return `M${round(x1)} ${round(y1)}C${round(x1)} ${round(middle)} ${round(x2)} ${round(middle)} ${round(x2)} ${round(y2)}`;
}
