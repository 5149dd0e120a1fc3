// What stands above the list's columns. An edge can be dragged, or moved with the arrow keys; a double click, or Home, gives the column its
// own width back.
import { plain } from "../../lib/text";
import { columns } from "../../state/settings";
import { dragTo, drop, setWidth, WIDTH_MAX_PX, WIDTH_MIN_PX, widthOf } from "../../state/widths";

const STEP_PX = 16;

export function RowHead({ withDay }: { withDay: boolean }) {
  if (columns.value.length === 0) return null;
  return (
    <div class="row-head" role="group" aria-label="Columns">
      <span class="row-time">{"time".padEnd(withDay ? 18 : 12)}</span>
      <span class="row-level" />
      {columns.value.map((name, at) => (
        <span key={name} class="row-cell" style={{ width: `var(--column-${at})` }}>
          <span class="row-head-name" title={plain(name)}>{plain(name)}</span>
          <Edge name={name} />
        </span>
      ))}
      <span class="row-text">message</span>
    </div>
  );
}

function Edge({ name }: { name: string }) {
  const drawn = (element: HTMLElement) => element.parentElement!.getBoundingClientRect().width;
  const down = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    // So far from the pointer the edge is.
    event.currentTarget.dataset["offset"] = String(drawn(event.currentTarget) - event.clientX);
  };
  const move = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const offset = event.currentTarget.dataset["offset"];
    if (offset !== undefined) dragTo(name, event.clientX + Number(offset));
  };
  const up = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    delete event.currentTarget.dataset["offset"];
    drop();
  };
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const by = event.key === "ArrowRight" ? STEP_PX : event.key === "ArrowLeft" ? -STEP_PX : 0;
    if (by === 0 && event.key !== "Home") return;
    event.preventDefault();
    setWidth(name, by === 0 ? null : drawn(event.currentTarget) + by);
  };
  return (
    <span
      class="row-edge" role="separator" aria-orientation="vertical" tabIndex={0} aria-label={`Width of ${name}`} title="Drag, or arrow keys; a double click resets it"
      aria-valuemin={WIDTH_MIN_PX} aria-valuemax={WIDTH_MAX_PX} aria-valuenow={widthOf(name) ?? WIDTH_MIN_PX} aria-valuetext={widthOf(name) === null ? "its own" : `${widthOf(name)} pixels`}
      onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} onDblClick={() => setWidth(name, null)} onKeyDown={onKeyDown}
    />
  );
}
