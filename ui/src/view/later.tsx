// A page whose code comes when it is first looked at.
import { useEffect, useState } from "preact/hooks";
import type { ComponentType } from "preact";
import { Failed } from "./parts";
import { message } from "../api/index";

const loaded = new Map<string, ComponentType>();

export function Later({ load }: { load: () => Promise<ComponentType> }) {
  const key = load.toString();
  const [Page, setPage] = useState<ComponentType | null>(() => loaded.get(key) ?? null);
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    if (Page) return;
    load().then((page) => {
      loaded.set(key, page);
      setPage(() => page);
    }, (error) => setWrong(`This page could not be loaded: ${message(error)}. Load it anew; the collector may be a newer one.`));
  }, []);
  if (wrong) return <main id="page" tabIndex={-1}><Failed text={wrong} /></main>;
  return Page ? <Page /> : <main id="page" tabIndex={-1} aria-busy="true" />;
}
