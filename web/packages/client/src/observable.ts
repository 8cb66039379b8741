/** A value that the page can watch. `value` is the same object until it changes, as useSyncExternalStore of React expects. */
export class Observable<T> {
  readonly #listeners = new Set<(value: T) => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const listener of [...this.#listeners]) guarded(() => listener(value));
  }

  /** Calls the listener after each change, until the returned function is called. */
  watch(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Runs a function of the page; logs its error, so that the others still run. */
export function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    console.error('tidings:', error);
  }
}
