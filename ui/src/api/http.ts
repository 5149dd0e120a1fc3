// Requests to the collector, relative to where the page is served. Nothing else on the page talks to the network.
import { signal } from "../state/signals";
import type { ProblemBody } from "./types";

const BASE = new URL("api/v1/", document.baseURI.split("#")[0]);

/** The collector wants a token, and the page has none that is right. */
export const locked = signal(false);

/** Whether this browser has logged in with a token: then a `curl` line needs one, too. */
export const withToken = signal(hasLoggedIn());

function hasLoggedIn(): boolean {
  try {
    return sessionStorage.getItem("catchment.token") === "1";
  } catch {
    // Storage may be forbidden.
    return false;
  }
}

/** Why a request failed: what the collector said, or that it could not be asked. */
export class Problem extends Error {
  constructor(readonly body: ProblemBody) {
    super(body.detail || body.title);
  }

  /** The search or the statement is wrong, as opposed to the collector or the network. */
  get syntax(): boolean {
    return this.body.status === 400;
  }
}

/** So long an answer about how things are now may take: a dead connection has no end of its own. */
const POLL_MS = 30_000;

/** For what is asked again and again: who waited for an answer without an end would never ask again. */
export function soon(signal?: AbortSignal): AbortSignal {
  const late = AbortSignal.timeout(POLL_MS);
  return signal ? AbortSignal.any([signal, late]) : late;
}

const isLate = (reason: unknown) => reason instanceof DOMException && reason.name === "TimeoutError";

export type Params = Record<string, string | number | null | undefined>;

export function address(path: string, params: Params = {}): URL {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(params)) if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  return url;
}

/** The answer, if it is a good one. Throws a `Problem`, or what `signal` threw. */
export async function ask(path: string, params: Params = {}, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address(path, params), { credentials: "same-origin", cache: "no-store", ...init });
  } catch (error) {
    if (init.signal?.aborted && !isLate(init.signal.reason)) throw error;
    if (isLate(error)) throw new Problem({ title: "No answer", status: 0, code: "late", detail: `no answer for ${POLL_MS / 1000} s` });
    throw new Problem({ title: "No connection", status: 0, code: "offline", detail: "the collector does not answer" });
  }
  if (response.ok) return response;
  const text = await response.text().catch(() => "");
  let body: ProblemBody;
  try {
    body = JSON.parse(text) as ProblemBody;
  } catch {
    body = { title: response.statusText, status: response.status, code: "unknown", detail: text.slice(0, 300) || `the collector answered ${response.status}` };
  }
  if (response.status === 401) locked.value = true;
  throw new Problem(body);
}

export async function json<T>(path: string, params: Params = {}, init: RequestInit = {}): Promise<T> {
  return (await ask(path, params, init)).json() as Promise<T>;
}

export async function login(token: string): Promise<void> {
  await ask("login", {}, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token }) });
  try {
    sessionStorage.setItem("catchment.token", "1");
  } catch {
    // Then the `curl` line comes without it.
  }
  withToken.value = true;
  locked.value = false;
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
