/** The way to a hub in a SharedWorker. */
import { hold } from './locks.js';
import type { FromTab, Road, RoadEvents } from './messages.js';

/** Takes the way to the worker. `key` names it: tabs with the same key share. */
export function workerRoad(worker: URL, address: string, key: string, events: RoadEvents): Road {
  const shared = new SharedWorker(worker, { type: 'module', name: key });
  const { port } = shared;
  const alive = `${key}.${crypto.randomUUID()}`;
  const waiting: FromTab[] = [];
  let release: (() => void) | undefined;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    port.close();
    release?.();
  };
  shared.onerror = () => stopped || events.failed(); // the file is missing, or the page's policy forbids workers
  port.onmessage = ({ data }) => stopped || events.received(data);
  void hold(alive).then((released) => {
    release = released;
    if (stopped) return released();
    port.postMessage({ address, alive });
    for (const message of waiting.splice(0)) port.postMessage(message);
  });
  return {
    post: (message) => (release ? port.postMessage(message) : waiting.push(message)),
    replace: () => false, // the worker does not run
    stop,
  };
}
