// What the collector answers, as openapi.json has it: only what the page uses.

export interface ProblemBody {
  title: string;
  status: number;
  code: string;
  detail: string;
  parameter?: string;
  line?: number;
  column?: number;
  near?: string[];
}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface LogRecord {
  position: number;
  /** Which of its line's records it is; absent for the first one. */
  nth?: number;
  time: string;
  received: string;
  source: string;
  peer: string;
  level?: string;
  message: string;
  flags?: string;
  raw?: string;
  [field: string]: Json | undefined;
}

export interface SearchEnd {
  records: number;
  more: boolean;
  next: string | null;
  missing: string | null;
}

export interface Histogram {
  from: string;
  to: string;
  step_seconds: number;
  levels: string[];
  buckets: { time: string; counts: number[] }[];
  total: number;
  missing: string | null;
}

export interface FacetValue {
  value: Json;
  count: number;
}

export interface Facet {
  field: string;
  type: string;
  values: FacetValue[];
  distinct: number;
  present: number;
}

export interface Facets {
  facets: Facet[];
  total: number;
  missing: string | null;
}

export interface Field {
  name: string;
  type: string;
  core: boolean;
}

export interface Context {
  records: LogRecord[];
  at: number;
  more_before: boolean;
  more_after: boolean;
  missing: string | null;
}

export interface Table {
  columns: { name: string; type: string; arrow: string }[];
  rows: Json[][];
  truncated?: boolean;
  missing?: string | null;
  work?: { parts: number; rows: number; bytes: number };
  error?: ProblemBody;
}

export interface Peer {
  source: string;
  peer: string;
  state: string;
  backing_off_until: string | null;
  lines: number;
  bytes: number;
  unacked: number;
  reconnects: number;
  lines_per_second: number;
  last_line: string | null;
  last_error: string | null;
}

export interface SourceSum {
  source: string;
  peers: number;
  connected: number;
  lines_per_second: number;
  unacked: number;
}

export interface Peers {
  taken: string;
  total: number;
  states: Record<string, number>;
  peers: Peer[];
  sources: SourceSum[];
}

export interface Queue {
  name: string;
  label: string;
  depth: number;
  limit: number | null;
  unit: string;
  oldest_seconds: number | null;
}

export interface Stage {
  stage: string;
  records: number;
  dropped: number;
  changed: number;
  failed: number;
  trouble?: string;
}

export interface Pipeline {
  name: string;
  state: string;
  reason?: string;
  position: number;
  behind_bytes: number;
  lines: number;
  records: number;
  dropped: number;
  failures: number;
  last_error?: string;
  /** Empty for all sources. */
  from: string[];
  to: string[];
  stages: Stage[];
}

export interface Status {
  version: string;
  uptime_seconds: number;
  ready: boolean;
  journal: {
    state: string;
    reason?: string;
    oldest: number;
    durable: number;
    segments: number;
    disk_bytes: number;
    commits: number;
    sync_mean_micros?: number;
    sync_max_micros?: number;
    dropped_lines?: number;
  };
  totals: { connected: number; lines: number; bytes: number; acked: number; unacked: number; connect_failures: number };
  pipelines: Pipeline[];
  tail: { subscribers: number };
  store: { memory_rows?: number; memory_bytes?: number; parts?: number; part_rows?: number; part_bytes?: number; [name: string]: unknown };
  sources: { name: string; accepted: number; refused: number }[];
}
