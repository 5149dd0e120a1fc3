// One peer: how it is, and its latest lines, as they come.
import { useEffect, useRef, useState } from "preact/hooks";
import { peers as askPeers, message, passed, search, type Peer as PeerAnswer } from "../api/index";
import { Ago, Failed, Spark } from "../view/parts";
import { LogRow } from "../view/explore/log-row";
import { PeerState } from "../view/topology/peer-table";
import { VirtualList, type ListHandle } from "../view/virtual-list";
import { bytes, count, rate } from "../lib/format";
import { plain } from "../lib/text";
import { filter } from "../lib/query";
import { day, iso } from "../lib/time";
import { go, href, route } from "../state/route";
import { Follow } from "../state/follow";
import { recordRow, Rows } from "../state/rows";
import { inlineFields, zone } from "../state/settings";

const EVERY_MS = 2000;
const LINES = 200;
const HISTORY = 30;
const ROW_PX = 21;

export function Peer() {
  const name = route.value.params.get("peer") ?? "";
  const source = route.value.params.get("source") ?? "";
  return <One key={`${source}/${name}`} name={name} source={source} />;
}

function usePeer(name: string, source: string) {
  const [peer, setPeer] = useState<PeerAnswer | null>(null);
  const [history, setHistory] = useState<number[]>([]);
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    const ask = async () => {
      if (!document.hidden) {
        try {
          const answer = await askPeers({ q: name, source, limit: 100 }, stop.signal);
          const found = answer.peers.find((each) => each.peer === name) ?? null;
          setPeer(found);
          setWrong(found ? "" : "It is not connected, and none of the configured targets.");
          if (found) setHistory((old) => [...old, found.lines_per_second].slice(-HISTORY));
        } catch (error) {
          if (!stop.signal.aborted) setWrong(message(error));
        }
      }
      if (!stop.signal.aborted) timer = window.setTimeout(() => void ask(), EVERY_MS);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, []);
  return { peer, history, wrong };
}

function One({ name, source }: { name: string; source: string }) {
  const { peer, history, wrong } = usePeer(name, source);
  const q = `${filter("source", source, false)} ${filter("peer", name, false)}`;
  const rows = useRef(new Rows()).current;
  const list = useRef<ListHandle>(null);
  const [follow, setFollow] = useState<Follow | null>(null);
  const [failed, setFailed] = useState("");
  void rows.version.value;
  useEffect(() => {
    const stop = new AbortController();
    let mine: Follow | null = null;
    const begin = async () => {
      // From before the search on: what is found twice is shown once.
      const position = await passed(stop.signal);
      const after = position === null ? null : String(position);
      const { records } = await search("", { from: null, to: null }, { limit: LINES, peer: name, source }, stop.signal);
      rows.reset(records.reverse().map(recordRow));
      mine = new Follow(rows, q, after);
      setFollow(mine);
    };
    begin().catch((error) => { if (!stop.signal.aborted) setFailed(message(error)); });
    return () => {
      stop.abort();
      mine?.stop();
    };
  }, []);
  // A line is looked at in Explore, with its neighbours.
  const onClick = (event: MouseEvent) => {
    const key = (event.target as Element).closest<HTMLElement>("[data-key]")?.dataset["key"] ?? "";
    const row = rows.at(rows.indexOf(key));
    if (row?.kind !== "record" || !(getSelection()?.isCollapsed ?? true)) return;
    go("explore", { q, from: iso(row.at - 15 * 60_000), to: iso(row.at + 15 * 60_000), at: key });
  };
  const first = rows.at(0);
  const withDay = first?.kind === "record" && day(first.at, zone.value) !== day(Date.now(), zone.value);
  return (
    <main id="page" tabIndex={-1} class="peer-page">
      <header>
        <a href={href("topology")} class="faint">Peers</a>
        <h1 class="mono">{plain(name)}</h1>
        <a class="button" href={href("explore", { q, last: "24h" })}>Explore its lines</a>
      </header>
      {peer ? (
        <dl class="facts">
          <div><dt>State</dt><dd><PeerState peer={peer} /></dd></div>
          <div><dt>Source</dt><dd>{plain(peer.source)}</dd></div>
          <div><dt>Lines/s</dt><dd>{rate(peer.lines_per_second)} <Spark values={history} /></dd></div>
          <div><dt>Lines</dt><dd>{count(peer.lines)}</dd></div>
          <div><dt>Bytes</dt><dd>{bytes(peer.bytes)}</dd></div>
          <div><dt>Unacked</dt><dd>{count(peer.unacked)}</dd></div>
          <div><dt>Reconnects</dt><dd>{count(peer.reconnects)}</dd></div>
          <div><dt>Last line</dt><dd><Ago at={peer.last_line} /></dd></div>
          <div class="wide"><dt>Last error</dt><dd>{peer.last_error ? <span class={peer.state === "connected" ? "" : "bad"}>{plain(peer.last_error)}</span> : <span class="faint">none</span>}</dd></div>
        </dl>
      ) : wrong ? <Failed text={wrong} /> : <div class="facts" aria-busy="true" />}
      {failed && <Failed text={failed} />}
      <section class="rows" aria-label="Latest lines" onClick={onClick}>
        <VirtualList
          rows={rows} handle={list} rowHeight={ROW_PX} measured={false} estimate={() => ROW_PX} stick={follow !== null && !follow.paused.value} label="Latest lines, the newest at the end" active={null}
          onNear={() => {}} onReset={() => list.current?.toEnd()} onEnd={(atEnd) => { if (atEnd) follow?.resume(); else follow?.pause(); }}
          render={(row) => <LogRow key={row.key} row={row} selected={false} columns={[]} inline={inlineFields.value} wrap={false} zone={zone.value} withDay={withDay} hits={null} />}
        />
        {follow?.paused.value && <div class="new-lines"><button type="button" class="button main" onClick={() => { follow.resume(); list.current?.toEnd(); }}>{follow.held.value === 0 ? "Paused: resume" : `${count(follow.held.value)} new lines`}</button></div>}
      </section>
    </main>
  );
}
