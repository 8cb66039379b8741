/** Loads what shares a connection (share.ts) when a page needs it, and connects alone where that is not possible. */
import type { ShareOptions } from './share.js';
import { type Dial, type Transport, webSocket } from './transport.js';

/** Returns what opens transports for a page with that option. */
export function dialFrom(share: boolean | ShareOptions = true): Dial {
  if (share === false || !canShare()) return webSocket;
  return sharing(share === true ? {} : share);
}

/** Reports whether the browser can share: it has Web Locks only in pages that are served securely. */
function canShare(): boolean {
  return typeof document !== 'undefined' && typeof BroadcastChannel !== 'undefined' && !!globalThis.navigator?.locks;
}

function sharing(options: ShareOptions): Dial {
  let dial: Promise<Dial> | undefined;
  return (address, events) => {
    let transport: Transport | null = null;
    let closed = false;
    dial ??= import('./share.js').then(({ share }) => share(options)).catch(() => webSocket); // its file cannot be loaded
    dial.then((open) => closed || (transport = open(address, events))).catch((error: unknown) => {
      console.error('tidings: the connection could not be opened:', error);
      events.lost();
    });
    return {
      send: (message) => transport?.send(message),
      close: () => {
        closed = true;
        transport?.close();
      },
    };
  };
}
