// The fields there are: asked for once a page, and again when somebody looks after a while.
import { fields, type Field } from "../api/index";
import { signal } from "./signals";

const AGE_MAX_MS = 30_000;
let asked = -Infinity;

export const knownFields = signal<Field[]>([]);

export function refreshFields(): void {
  if (performance.now() - asked < AGE_MAX_MS) return;
  asked = performance.now();
  fields().then((all) => { knownFields.value = all; }, () => { asked = -Infinity; });
}
