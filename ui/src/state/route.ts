// Where a person is: everything behind the `#`, so that no server has to know the page's places, whatever prefix it lives under.
import { signal } from "./signals";

export type PageName = "topology" | "peer" | "explore" | "sql" | "sensors";
const PAGES: readonly PageName[] = ["topology", "peer", "explore", "sql", "sensors"];

export interface Route {
  page: PageName;
  params: URLSearchParams;
}

function read(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const page = PAGES.find((name) => name === path) ?? "topology";
  return { page, params: new URLSearchParams(query) };
}

export const route = signal<Route>(read());
addEventListener("hashchange", () => { route.value = read(); });

/** The address of a page, to be used in links. */
export function href(page: PageName, params: Record<string, string | undefined> = {}): string {
  const query = new URLSearchParams(Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ""));
  const text = query.toString();
  return `#/${page}${text ? `?${text}` : ""}`;
}

export function go(page: PageName, params: Record<string, string | undefined> = {}): void {
  location.hash = href(page, params);
}

/** Changes the address of a page without a new entry in the browser's history. Who has left that page stays where they are. */
export function replace(page: PageName, params: Record<string, string | undefined>): void {
  const target = href(page, params);
  if (location.hash === target || read().page !== page) return;
  history.replaceState(null, "", target);
  route.value = read();
}
