/** Chooses what opens transports: a connection that the tabs share, or one of the tab's own. */
import type { ShareOptions } from './share.js';
import { automatic, type Dial, lazy, webSocket } from './transport.js';

/** Returns what opens transports for a page with that option. */
export function dialFrom(share: boolean | ShareOptions = true): Dial {
  if (share === false || !canShare()) return automatic(webSocket);
  const options = share === true ? {} : share;
  let loaded: Promise<Dial> | undefined;
  return automatic(lazy(() => (loaded ??= import('./share.js').then((module) => module.share(options)))));
}

/** Reports whether the browser can share: it has Web Locks only in pages that are served securely. */
function canShare(): boolean {
  return typeof document !== 'undefined' && typeof BroadcastChannel !== 'undefined' && !!globalThis.navigator?.locks;
}
