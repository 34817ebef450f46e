/** What waits on a signal. A signal keeps its entry no longer than it lives. */
const waiting = new WeakMap<AbortSignal, Waiting>();

class Waiting {
  readonly #callbacks = new Set<() => void>();
  readonly #listener = () => {
    for (const callback of this.#callbacks) callback();
  };

  constructor(private readonly signal: AbortSignal) {}

  add(callback: () => void): void {
    if (this.#callbacks.size === 0) this.signal.addEventListener('abort', this.#listener);
    this.#callbacks.add(callback);
  }

  remove(callback: () => void): void {
    this.#callbacks.delete(callback);
    if (this.#callbacks.size === 0) this.signal.removeEventListener('abort', this.#listener);
  }
}

/**
 * Calls `callback` when `signal` aborts, until the function that it returns is called. A signal has one listener of ours
 * however many calls share it: from the eleventh on Node warns of a leak.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const entry = waiting.get(signal) ?? new Waiting(signal);
  waiting.set(signal, entry);
  entry.add(callback);
  return () => entry.remove(callback);
}
