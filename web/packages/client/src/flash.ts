/** Flash notifications: short messages to one user, on all of that user's pages and on nobody else's. */
import type { Connection, Handle } from './connection.js';
import { isDict, type Payload, textOf } from './messages.js';

export type Level = 'info' | 'success' | 'warning' | 'error';

export interface Flash {
  readonly level: Level;
  readonly title: string;
  readonly text: string;
  readonly href: string; // empty, or an address that is safe to put into a link
}

export interface FlashOptions {
  /** The topic of a user's messages; default `user.{id}.flash`. */
  readonly topic?: (user: string) => string;
}

/** Follows the user of the session, whoever that is after a reconnect. */
export function watchFlash(connection: Connection, show: (flash: Flash) => void, options: FlashOptions = {}): Handle {
  const topic = options.topic ?? ((user) => `user.${user}.flash`);
  let handle: Handle | null = null;
  const follow = (): void => {
    const user = connection.session?.user;
    if (user === undefined || handle?.uri === topic(user)) return;
    handle?.release();
    handle = connection.subscribe(topic(user), ({ payload }) => show(flashFrom(payload)));
  };
  const stop = connection.onState(follow);
  follow();
  return { uri: topic('{user}'), release: () => (stop(), handle?.release()) };
}

/** Whatever the backend sends becomes something to read: a text as args[0], the parts as kwargs or as an object. */
export function flashFrom({ args, kwargs }: Payload): Flash {
  const [first] = args;
  const parts = isDict(first) ? { ...first, ...kwargs } : kwargs;
  const text = textOf(parts, 'text') || (typeof first === 'string' ? first : '');
  return { level: levelOf(textOf(parts, 'level')), title: textOf(parts, 'title'), text, href: safe(textOf(parts, 'href')) };
}

function levelOf(text: string): Level {
  return text === 'success' || text === 'warning' || text === 'error' ? text : 'info';
}

/** A `javascript:` address in a message would run in the page: only the web's own schemes pass. */
function safe(href: string): string {
  try {
    const { protocol } = new URL(href, 'https://page.invalid/');
    return protocol === 'https:' || protocol === 'http:' ? href : '';
  } catch {
    return '';
  }
}
