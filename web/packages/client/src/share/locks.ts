/** Locks of the browser. A page or a worker holds them until it lets them go, ends or crashes. */

/** Takes a lock that is free, and resolves to the function that releases it. */
export function hold(name: string): Promise<() => void> {
  return new Promise((taken, refused) => {
    const held = (): Promise<void> => new Promise((release) => taken(release));
    navigator.locks.request(name, held).catch(refused);
  });
}

/** Calls `gone` when the holder of the lock has let it go. Until `signal` aborts, waiting goes on. */
export function whenReleased(name: string, gone: () => void, signal?: AbortSignal): void {
  navigator.locks.request(name, signal ? { signal } : {}, gone).catch(() => undefined); // aborted: nothing waits any more
}
