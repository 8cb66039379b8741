/**
 * Runs something once in all tabs of a browser: in one that is visible, or in the first one that is. Every tab hears of it
 * by itself. A Web Lock decides between two tabs that are visible, and a BroadcastChannel tells the others.
 */
const NAME = 'tidings.once';
const HELD = 60_000; // ms that the lock is kept, for tabs that hear of it later
const MOST = 50; // that wait in a hidden tab, and that are remembered as done; the oldest are dropped

export interface Once {
  /** Runs a function, unless another tab has run the one with this id. */
  run(id: string, task: () => void): void;
  stop(): void;
}

export function once(): Once {
  const { locks } = globalThis.navigator ?? {};
  // A page that is not served securely has no locks: each of its tabs runs everything.
  if (!locks || typeof BroadcastChannel === 'undefined') return { run: (_id, task) => task(), stop: () => undefined };
  const waiting = new Map<string, () => void>();
  const done = new Set<string>();
  const channel = new BroadcastChannel(NAME);
  const finish = (id: string): void => {
    waiting.delete(id);
    trim(done.add(id));
  };
  channel.onmessage = ({ data }) => finish(String(data));
  const claim = (id: string): void => void locks.request(`${NAME}.${id}`, { ifAvailable: true }, (lock) => {
    const task = lock ? waiting.get(id) : undefined;
    finish(id);
    if (!task) return undefined;
    channel.postMessage(id);
    task();
    return new Promise((release) => setTimeout(release, HELD));
  });
  const claimAll = (): void => {
    if (document.visibilityState === 'visible') [...waiting.keys()].forEach(claim);
  };
  document.addEventListener('visibilitychange', claimAll);
  return {
    run: (id, task) => {
      if (done.has(id)) return;
      trim(waiting.set(id, task));
      claimAll();
    },
    stop: () => {
      document.removeEventListener('visibilitychange', claimAll);
      waiting.clear();
      channel.close();
    },
  };
}

/** Drops the oldest entry of a collection that has too many. */
function trim(collection: Map<string, unknown> | Set<string>): void {
  const [oldest] = collection.keys();
  if (collection.size > MOST) collection.delete(oldest!);
}
