/**
 * The way to a hub in one of the tabs. The tabs queue for a lock; its holder leads: it runs the hub. When it ends or
 * crashes, the browser gives the lock to the next. A tab that is frozen keeps the lock, so it can be taken away.
 *
 *	key          the lock of the leader, and the channel on which a new leader says so
 *	key.hub      messages of the tabs to the leader
 *	key.TAB      the lock that a tab holds as long as it lives, and the leader's messages to that tab
 */
import { Hub } from './hub.js';
import { hold, whenReleased } from './locks.js';
import type { FromTab, Port, Road, RoadEvents } from './messages.js';

/** A message on key.hub. */
interface Envelope {
  readonly tab: string;
  readonly message: FromTab;
}

export function tabRoad(address: string, key: string, events: RoadEvents): Road {
  const tab = crypto.randomUUID();
  const stopped = new AbortController();
  const up = new BroadcastChannel(`${key}.hub`);
  const down = new BroadcastChannel(`${key}.${tab}`);
  const news = new BroadcastChannel(key);
  const waiting: FromTab[] = [];
  let release: (() => void) | undefined;
  down.onmessage = ({ data }) => events.received(data);
  news.onmessage = ({ data }) => events.renewed(data);
  void hold(`${key}.${tab}`).then((released) => {
    release = released;
    if (stopped.signal.aborted) return released();
    for (const message of waiting.splice(0)) up.postMessage({ tab, message } satisfies Envelope);
    stand(false);
  });
  let queued = new AbortController();
  /** Stands for election: waits for the lock, or takes it from a leader that is frozen. */
  const stand = (steal: boolean): void => {
    queued.abort(); // a tab is in the queue once
    queued = new AbortController();
    let resign: (() => void) | undefined;
    const run = (): Promise<void> => new Promise((released) => {
      const stop = lead(address, key);
      resign = () => (stop(), released());
      stopped.signal.addEventListener('abort', resign);
    });
    navigator.locks.request(key, steal ? { steal } : { signal: queued.signal }, run).catch(() => {
      if (!resign) return; // it has left the queue
      resign(); // another tab has taken the lock, because this one did not answer
      if (!stopped.signal.aborted) stand(false);
    });
  };
  return {
    post: (message) => (release ? up.postMessage({ tab, message } satisfies Envelope) : waiting.push(message)),
    replace: () => (stand(true), true),
    stop: () => {
      stopped.abort();
      queued.abort();
      for (const channel of [up, down, news]) channel.close();
      release?.();
    },
  };
}

/** Runs the hub until the returned function is called. */
function lead(address: string, key: string): () => void {
  const hub = new Hub(address);
  const ports = new Map<string, Port & { close(): void }>();
  const inbox = new BroadcastChannel(`${key}.hub`);
  const over = new AbortController();
  const meet = (tab: string): Port => {
    const channel = new BroadcastChannel(`${key}.${tab}`);
    const port = { post: (message: unknown) => channel.postMessage(message), close: () => channel.close() };
    ports.set(tab, port);
    whenReleased(`${key}.${tab}`, () => {
      hub.gone(port);
      ports.delete(tab);
      port.close();
    }, over.signal);
    return port;
  };
  inbox.onmessage = ({ data: { tab, message } }: MessageEvent<Envelope>) => hub.receive(ports.get(tab) ?? meet(tab), message);
  const news = new BroadcastChannel(key);
  news.postMessage(hub.id);
  news.close();
  return () => {
    if (over.signal.aborted) return;
    over.abort();
    inbox.close();
    hub.stop();
    for (const port of ports.values()) port.close();
  };
}
