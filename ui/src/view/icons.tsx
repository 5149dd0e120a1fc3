// Icons, drawn in one stroke width on a grid of 16.
const PATHS = {
  play: "M5 3.2v9.6l7.5-4.8z",
  pause: "M5 3v10M11 3v10",
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  copy: "M5.5 5.5h7v7h-7zM3.5 10.5h-1v-7h7v1",
  link: "M6.5 9.5l3-3M7 4.8l1.3-1.3a2.9 2.9 0 0 1 4.1 4.1L11.2 9M9 11.2l-1.3 1.3a2.9 2.9 0 0 1-4.1-4.1L4.8 7",
  down: "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10",
  wrap: "M2.5 4h11M2.5 8h8.5a2 2 0 0 1 0 4.2H8M9.6 10.4L7.8 12.2l1.8 1.8M2.5 12h2.5",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  clock: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 1 0 8 2.2M8 5v3.2l2.2 1.4",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9A4.5 4.5 0 1 0 7 2.5M10.4 10.4l3.1 3.1",
  sun: "M8 5.3a2.7 2.7 0 1 0 0 5.4a2.7 2.7 0 1 0 0-5.4M8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M12.6 3.4l-1.1 1.1M4.5 11.5l-1.1 1.1",
  moon: "M13 9.4A5.4 5.4 0 0 1 6.6 3a5.4 5.4 0 1 0 6.4 6.4z",
  auto: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 1 0 8 2.2M8 2.2v11.6M10 3v10M12 4.5v7",
  help: "M5.8 6a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.7M8 12.2v.3",
  filter: "M2.5 3.5h11L9.3 8.6v4.2l-2.6-1.4V8.6z",
  sql: "M3 4.2c0-2.3 10-2.3 10 0v7.6c0 2.3-10 2.3-10 0zM3 4.2c0 2.3 10 2.3 10 0M3 8c0 2.3 10 2.3 10 0",
  chart: "M2.5 13.5h11M4.5 11V8M8 11V3.5M11.5 11V6",
  line: "M2.5 13.5h11M2.8 10.5l3-4 2.6 2.4 4.6-5.4",
  table: "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.7h11",
  context: "M3 3.5h10M3 12.5h10M5.5 8h7.5M2.5 6.5L4 8l-1.5 1.5",
  up: "M8 13V3.5M4 7.2l4-4 4 4",
  star: "M8 2.2l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4-2.9-2.8 4-.6z",
  lower: "M8 3v9.5M4 8.8l4 4 4-4",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  check: "M3 8.5l3.2 3.2L13 4.8",
  list: "M2.5 4h11M2.5 8h11M2.5 12h7",
  topology: "M2 4c4 0 4 4 6 4M2 12c4 0 4-4 6-4M8 8h6M11.5 5.5L14 8l-2.5 2.5",
  wave: "M1.5 8c1.6-5 3.2-5 4.3 0s2.7 5 4.3 0 2.7-5 4.4 0",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, fill }: { name: IconName; fill?: boolean }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill={fill ? "currentColor" : "none"} stroke="currentColor" stroke-width={name === "more" ? 2.4 : 1.4} stroke-linecap="round" stroke-linejoin="round">
      <path d={PATHS[name]} />
    </svg>
  );
}
