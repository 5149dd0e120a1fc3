// Every peer and how it is: sorted and filtered by the collector, drawn as far as it is on the screen.
import { useEffect, useMemo, useState } from "preact/hooks";
import { Ago, Failed, Spark } from "../parts";
import { Table, type TableColumn } from "../table";
import { PeerWindow, peerName } from "../../state/peers";
import { href, replace, route } from "../../state/route";
import { now } from "../../state/clock";
import { count, rate, short, span } from "../../lib/format";
import { plain } from "../../lib/text";
import type { Peer } from "../../api/index";

const ROW_PX = 28;
const COLUMNS: TableColumn[] = [
  { key: "state", title: "State", width: "11.5rem", sortable: true },
  { key: "peer", title: "Peer", width: "minmax(12rem, 1.4fr)", sortable: true },
  { key: "source", title: "Source", width: "minmax(6rem, .6fr)", sortable: true },
  { key: "lines_per_second", title: "Lines/s", width: "10.5rem", right: true, sortable: true },
  { key: "lines", title: "Lines", width: "6rem", right: true, sortable: true },
  { key: "unacked", title: "Unacked", width: "5.5rem", right: true, sortable: true },
  { key: "reconnects", title: "Reconnects", width: "7.5rem", right: true, sortable: true },
  { key: "last_line", title: "Last line", width: "6.5rem", right: true, sortable: true },
  { key: "last_error", title: "Last error", width: "minmax(12rem, 1.6fr)" },
];
const STATES = ["connected", "connecting", "backing_off", "closing", "done"];
const WAIT_MS = 150;

export const stateWord = (state: string) => state.replace(/_/g, " ");

export function PeerState({ peer }: { peer: Peer }) {
  const until = peer.backing_off_until === null ? null : Date.parse(peer.backing_off_until) - now.value;
  return <span class={`peer-state ${peer.state}`}><i class="dot" />{stateWord(peer.state)}{until !== null && <span class="faint"> {until > 0 ? span(until) : "now"}</span>}</span>;
}

export function PeerTable() {
  const params = route.value.params;
  const query = {
    q: params.get("q") ?? "",
    state: params.get("state") ?? "",
    source: params.get("source") ?? "",
    sort: params.get("sort") ?? "peer",
    order: params.get("order") === "desc" ? "desc" as const : "asc" as const,
  };
  const [typed, setTyped] = useState(query.q);
  const peers = useMemo(() => new PeerWindow(query), []);
  useEffect(() => () => peers.stop(), []);
  const key = JSON.stringify(query);
  const [asked, setAsked] = useState(key);
  useEffect(() => {
    if (key === asked) return;
    setAsked(key);
    peers.ask(query);
  }, [key]);
  useEffect(() => {
    const timer = setTimeout(() => set({ q: typed }), WAIT_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  void peers.version.value;

  const set = (next: Partial<typeof query>) => {
    const all = { ...query, ...next };
    replace("topology", { q: all.q, state: all.state, source: all.source, sort: all.sort === "peer" ? "" : all.sort, order: all.order === "asc" ? "" : all.order });
  };
  const sort = (by: string) => set(by === query.sort ? { order: query.order === "asc" ? "desc" : "asc" } : { sort: by, order: by === "peer" || by === "source" || by === "state" ? "asc" : "desc" });
  const total = peers.total.value;
  const link = (peer: Peer) => href("peer", { source: peer.source, peer: peer.peer });
  const cells = (index: number) => {
    const peer = peers.at(index);
    if (!peer) return COLUMNS.map(() => <span class="faint">…</span>);
    return [
      <PeerState peer={peer} />,
      <a href={link(peer)} class="mono">{plain(peer.peer)}</a>,
      <span class="faint">{plain(peer.source)}</span>,
      <span class="with-spark"><Spark values={peers.history(peer)} /><span class="spark-value">{rate(peer.lines_per_second)}</span></span>,
      short(peer.lines),
      <span class={peer.unacked > 0 ? "" : "faint"}>{short(peer.unacked)}</span>,
      <span class={peer.reconnects > 0 ? "" : "faint"}>{short(peer.reconnects)}</span>,
      <Ago at={peer.last_line} />,
      peer.last_error ? <span class={peer.state === "connected" ? "faint" : "bad"} title={plain(peer.last_error)}>{plain(peer.last_error)}</span> : "",
    ];
  };
  return (
    <section class="peers" aria-label="Peers">
      <header>
        <h2>Peers <span class="faint">{count(total)}</span></h2>
        <input type="search" placeholder="Filter by name, source, error" aria-label="Filter peers" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        <div class="chips" role="group" aria-label="State">
          {STATES.filter((state) => peers.states.value[state] || query.state === state).map((state) => (
            <button key={state} type="button" class={`chip peer-state ${state}`} aria-pressed={query.state === state} onClick={() => set({ state: query.state === state ? "" : state })}><i class="dot" />{stateWord(state)} <b>{count(peers.states.value[state] ?? 0)}</b></button>
          ))}
          {query.source && <button type="button" class="chip" aria-pressed="true" aria-label={`Of ${query.source}; show all sources`} onClick={() => set({ source: "" })}>{plain(query.source)} ×</button>}
        </div>
      </header>
      {peers.wrong.value && <Failed text={peers.wrong.value} />}
      <Table
        label="Peers" columns={COLUMNS} count={total} rowHeight={ROW_PX} sort={{ key: query.sort, order: query.order }} onSort={sort} cells={cells}
        rowKey={(index) => { const peer = peers.at(index); return peer ? peerName(peer) : index; }} onPick={(index) => { const peer = peers.at(index); if (peer) location.hash = link(peer); }} onWindow={(from, to) => peers.show(from, to)}
      />
      {total === 0 && <p class="nothing faint">{query.q || query.state || query.source ? "No peer is like that" : "No peer yet"}</p>}
    </section>
  );
}
