// The front page: the picture, what waits, and every peer.
import { Flow, QueueLine } from "../view/topology/flow";
import { PeerTable } from "../view/topology/peer-table";
import { allQueues, health } from "../state/health";

/** Queues that stand at no box of the picture. */
function Others() {
  const state = health.value;
  if (!state) return null;
  const boxes = ["journal", "store", "tail", ...state.pipelines.flatMap((pipeline) => pipeline.to)];
  const others = allQueues.value.filter((queue) => !boxes.some((box) => queue.name.startsWith(box)) && !state.pipelines.some((pipeline) => queue.name.startsWith("pipeline") && queue.name.slice(8).replace(/^[_:/.]/, "") === pipeline.name));
  if (others.length === 0) return null;
  return <section class="queues" aria-label="Other queues">{others.map((queue) => <QueueLine key={queue.name} queue={queue} />)}</section>;
}

export function Topology() {
  return (
    <main id="page" tabIndex={-1} class="topology">
      <h1 class="off-screen">Topology</h1>
      <Flow />
      <Others />
      <PeerTable />
    </main>
  );
}
