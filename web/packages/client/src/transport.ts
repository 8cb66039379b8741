/**
 * The boundary between the session and what carries its messages. The session (machine.ts, connection.ts) opens a
 * transport for each attempt to connect, and knows neither sockets nor frames. A transport knows no session: it carries
 * the messages of one WAMP session in order, or is lost.
 */
import { decode, encode, type Message } from './messages.js';

/** One connection to the router. After `close` and `lost` its methods have no effect. */
export interface Transport {
  /** Sends a message after those before it; called after `opened` only. Messages that wait when the transport is lost are dropped. */
  send(message: Message): void;
  /** Closes the transport after the messages that were sent. */
  close(): void;
}

/** What a transport reports. It calls no function before `dial` has returned, and none after `lost`. */
export interface TransportEvents {
  /** Called once: messages can be sent. */
  opened(): void;
  /** Called with each message, decoded. The session checks its shape (`parse` in messages.ts). */
  received(message: unknown): void;
  /** Called once, when the transport has ended for any reason, or was never opened. */
  lost(): void;
}

/** Opens a transport. The address has the scheme ws or wss. An exception counts as a transport that is lost at once. */
export type Dial = (address: URL, events: TransportEvents) => Transport;

/** Carries each message as a JSON text in one WebSocket message. */
export const webSocket: Dial = (address, { opened, received, lost }) => {
  const socket = new WebSocket(address, 'wamp.2.json');
  socket.onopen = opened;
  socket.onmessage = ({ data }) => received(decode(String(data)));
  // A socket that the policy of the page forbids has an error and no close.
  socket.onerror = socket.onclose = () => {
    socket.onerror = socket.onclose = null;
    lost();
  };
  return {
    send: (message) => socket.send(encode(message)),
    close: () => socket.close(),
  };
};

/** Opens a transport whose code is loaded first. `instead` opens one if the code cannot be loaded. */
export function lazy(load: () => Promise<Dial>, instead: Dial = webSocket): Dial {
  return (address, events) => {
    let transport: Transport | null = null;
    let closed = false;
    const open = (dial: Dial): void => {
      if (!closed) transport = dial(address, events);
    };
    load().catch(() => instead).then(open).catch((error: unknown) => {
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

const FAILURES = 2; // WebSocket handshakes in a row, after which the network may block them

/** Opens transports by `first`, and after some that failed by long-poll, if HTTP works where WebSocket does not. */
export function automatic(first: Dial, longPoll: () => Promise<(first: Dial) => Dial> = () => import('./longpoll.js').then(({ fallback }) => fallback)): Dial {
  let failures = usesLongPoll() ? FAILURES : 0;
  return (address, events) => {
    let open = false;
    const dial = failures < FAILURES ? first : lazy(() => longPoll().then((over) => over(first)));
    const transport = dial(address, {
      ...events,
      opened: () => {
        open = true;
        failures = usesLongPoll() ? FAILURES : 0;
        events.opened();
      },
      lost: () => {
        if (!open) failures++;
        events.lost();
      },
    });
    const close = (): void => {
      if (!open) failures++; // its handshake hangs
      transport.close();
    };
    return { ...transport, close };
  };
}

/** Where longpoll.ts remembers that WebSockets are blocked, in sessionStorage. */
export const BLOCKED = 'tidings.longpoll';

function usesLongPoll(): boolean {
  try {
    return sessionStorage.getItem(BLOCKED) !== null;
  } catch {
    return false; // no browser, or storage is disabled
  }
}
