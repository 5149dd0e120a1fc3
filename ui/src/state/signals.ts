// The only place that knows which signals library there is.
export { signal, computed, effect, batch, untracked, type Signal, type ReadonlySignal } from "@preact/signals";
