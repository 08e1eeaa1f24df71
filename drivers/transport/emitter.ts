/** Listeners by event. A listener that throws must not take the device down with it: the error goes to `onError`. */
export class Emitter<E> {
  readonly #listeners = new Map<keyof E, Set<unknown>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  on<K extends keyof E>(event: K, listener: E[K]): () => void {
    let set = this.#listeners.get(event);
    if (!set) {
      set = new Set();
      this.#listeners.set(event, set);
    }
    set.add(listener);
    return () => set.delete(listener);
  }

  emit<K extends keyof E>(event: K, value: E[K] extends (value: infer V) => void ? V : never): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        (listener as (value: unknown) => void)(value);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
