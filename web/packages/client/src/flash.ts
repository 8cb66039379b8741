/** Flash notifications: short messages to one user, shown once in each of the user's browsers, in a tab that is visible. */
import type { Connection } from './connection.js';
import { isDict, type Payload, textOf } from './messages.js';
import { once } from './once.js';
import type { Handle } from './options.js';
import { encodeParam } from './topic.js';

export type Level = 'info' | 'success' | 'warning' | 'error';

export interface Flash {
  readonly level: Level;
  readonly title: string;
  readonly text: string;
  readonly href: string; // an http or https address, or empty
}

export interface FlashOptions {
  /** Returns the topic of a user's messages; by default `user.{id}.flash`. */
  readonly topic?: (user: string) => string;
  /** Shows each message in every tab of the browser. */
  readonly everywhere?: boolean;
}

/** Shows the messages to the session's user. After a reconnect as another user it follows that user. */
export function watchFlash(connection: Connection, show: (flash: Flash) => void, options: FlashOptions = {}): Handle {
  const topic = options.topic ?? ((user) => `user.${encodeParam(user)}.flash`);
  const tabs = options.everywhere ? null : once();
  let handle: Handle | null = null;
  const follow = (): void => {
    const user = connection.session?.user;
    if (user === undefined || handle?.uri === topic(user)) return;
    handle?.release();
    handle = connection.subscribe(topic(user), ({ uri, publication, payload }) => {
      const task = (): void => show(flashFrom(payload));
      if (tabs) tabs.run(`${uri} ${publication}`, task);
      else task();
    });
  };
  const stop = connection.onState(follow);
  follow();
  return { uri: topic('{user}'), release: () => (stop(), handle?.release(), tabs?.stop()) };
}

/** Reads a message: a text as args[0], or its parts as kwargs or as an object in args[0]. */
export function flashFrom({ args, kwargs }: Payload): Flash {
  const [first] = args;
  const parts = isDict(first) ? { ...first, ...kwargs } : kwargs;
  const text = textOf(parts, 'text') || (typeof first === 'string' ? first : '');
  return { level: levelOf(textOf(parts, 'level')), title: textOf(parts, 'title'), text, href: safe(textOf(parts, 'href')) };
}

function levelOf(text: string): Level {
  return text === 'success' || text === 'warning' || text === 'error' ? text : 'info';
}

/** Returns the address if it is http or https: a `javascript:` link would run code in the page. */
function safe(href: string): string {
  try {
    const { protocol } = new URL(href, 'https://page.invalid/');
    return protocol === 'https:' || protocol === 'http:' ? href : '';
  } catch {
    return '';
  }
}
