// Small things that every page uses.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { runs } from "../lib/text";
import { now } from "../state/clock";
import { zone } from "../state/settings";
import { ago, stamp, zoneName } from "../lib/time";
import { Icon, type IconName } from "./icons";

/** Text that came from outside, as text: marks for what must not act, classes for a terminal's colours. */
export function Text({ text, hits = null, most = Infinity }: { text: string; hits?: RegExp | null; most?: number }) {
  return <>{runs(text, hits, most).map((run, at) => {
    if (run.mark) return <span key={at} class="mark" title={run.mark}>{run.text}</span>;
    if (run.hit) return <mark key={at} class={run.style}>{run.text}</mark>;
    return run.style ? <span key={at} class={run.style}>{run.text}</span> : run.text;
  })}</>;
}

/** How long ago, with the instant itself behind it. */
export function Ago({ at }: { at: string | null }) {
  if (at === null) return <span class="faint">never</span>;
  const ms = Date.parse(at);
  return <time dateTime={at} title={`${stamp(ms, zone.value)} ${zoneName(ms, zone.value)}`}>{ago(ms, now.value)}</time>;
}

interface ButtonProps {
  icon?: IconName;
  label: string;
  /** Shown beside the icon. Without it the label is only told. */
  text?: ComponentChildren;
  onClick: (event: MouseEvent) => void;
  pressed?: boolean;
  kind?: "plain" | "main" | "ghost";
  disabled?: boolean;
  hint?: string;
  expanded?: boolean;
}

export function Button({ icon, label, text, onClick, pressed, kind = "plain", disabled, hint, expanded }: ButtonProps) {
  return (
    <button type="button" class={`button ${kind} ${text === undefined ? "square" : ""}`} aria-label={label} title={hint ? `${label} (${hint})` : label} aria-pressed={pressed} aria-expanded={expanded} disabled={disabled} onClick={onClick}>
      {icon && <Icon name={icon} fill={icon === "play"} />}
      {text}
    </button>
  );
}

/** A button that opens something below it; closes with Escape, a click elsewhere, or when its content says so. */
export function Menu({ icon, label, says, text, children, wide, right, ghost }: { icon?: IconName; label: string; /** What the button says, where that is more than the label. */ says?: string; text?: ComponentChildren; children: (close: () => void) => ComponentChildren; wide?: boolean; right?: boolean; ghost?: boolean }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (!root.current!.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", away, true);
    addEventListener("focusin", away);
    root.current!.querySelector<HTMLElement>(".menu-body :is(button, a, input)")?.focus();
    return () => {
      removeEventListener("pointerdown", away, true);
      removeEventListener("focusin", away);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    root.current?.querySelector<HTMLElement>("button")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const items = [...root.current!.querySelectorAll<HTMLElement>(".menu-body :is(button, a, input)")];
      const at = items.indexOf(document.activeElement as HTMLElement);
      items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length]?.focus();
      event.preventDefault();
    }
  };
  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <Button {...(icon ? { icon } : {})} label={says ?? label} text={text} onClick={() => setOpen(!open)} expanded={open} kind={ghost ? "ghost" : "plain"} />
      {open && <div class={`menu-body ${wide ? "wide" : ""} ${right ? "right" : ""}`} role="dialog" aria-label={label}>{children(close)}</div>}
    </div>
  );
}

/** A dialog over everything: keeps the focus inside, closes with Escape. */
export function Dialog({ label, children, onClose }: { label: string; children: ComponentChildren; onClose: () => void }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current!.showModal();
  }, []);
  return (
    <dialog ref={element} aria-label={label} onClose={onClose} onCancel={onClose} onKeyDown={(event) => event.stopPropagation()} onPointerDown={(event) => { if (event.target === element.current) element.current!.close(); }}>
      <div class="dialog-body" tabIndex={0}>{children}</div>
    </dialog>
  );
}

/** A small line of numbers over time. */
export function Spark({ values, width = 72, height = 18 }: { values: readonly number[]; width?: number; height?: number }) {
  if (values.length < 2) return <svg class="spark" width={width} height={height} aria-hidden="true" />;
  const most = Math.max(...values, 1e-9);
  const x = (at: number) => (width - ((values.length - 1 - at) / 29) * width).toFixed(1);
  const y = (value: number) => (height - 1.5 - (value / most) * (height - 3)).toFixed(1);
  const line = values.map((value, at) => `${x(at)},${y(value)}`).join(" ");
  return (
    <svg class="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <polygon points={`${x(0)},${height} ${line} ${width},${height}`} />
      <polyline points={line} />
    </svg>
  );
}

/** What part of a limit is used. */
export function Gauge({ share }: { share: number }) {
  const part = Math.max(0, Math.min(1, share));
  return <div class={`gauge ${part > 0.9 ? "bad" : part > 0.7 ? "warn" : ""}`} aria-hidden="true"><div style={{ width: `${part === 0 ? 0 : Math.max(1, part * 100)}%` }} /></div>;
}

export function Failed({ text }: { text: string }) {
  return <div class="failed" role="alert">{text}</div>;
}
