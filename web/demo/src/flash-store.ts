import type { Level } from '@tidings/client';
import { Store } from './store';

export interface FlashMessage {
  readonly key: string;
  readonly level: Level;
  readonly title: string;
  readonly text: string;
  readonly href: string;
  readonly action: { readonly label: string; readonly run: () => void } | null;
  readonly at: Date;
}

const PAST = 50; // messages that are gone, for the list; the oldest is forgotten
const OPEN = 100; // messages that nobody dismisses; the least urgent is then past
const STAY = 8_000; // ms on screen; warnings, errors and messages with a button stay until they are dismissed

/**
 * The messages to the user. There is room for some of them on screen, the most urgent ones; the others wait for it. A
 * message replaces another one with the same key.
 */
export class Flashes extends Store {
  open: readonly FlashMessage[] = []; // neither dismissed nor expired; the most urgent first, then the newest
  past: readonly FlashMessage[] = []; // the newest first
  said: FlashMessage | null = null; // the newest one that is no error, for screen readers
  alerted: FlashMessage | null = null; // the newest error
  listed = false; // the list of all messages is on screen

  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #room = 3;
  #last = 0;
  #paused = false;

  get shown(): readonly FlashMessage[] {
    return this.open.slice(0, this.#room);
  }

  /** Returns the number of messages that wait for room on screen. */
  get more(): number {
    return Math.max(0, this.open.length - this.#room);
  }

  add(message: Partial<FlashMessage> & Pick<FlashMessage, 'level' | 'text'>): void {
    const key = message.key ?? `flash-${++this.#last}`;
    const full: FlashMessage = { title: '', href: '', action: null, at: new Date(), ...message, key };
    const sorted = [full, ...this.open.filter((other) => other.key !== key)].sort((one, other) => urgency(other) - urgency(one));
    this.open = sorted.slice(0, OPEN);
    this.#stop(key);
    for (const dropped of sorted.slice(OPEN)) this.#remember(dropped);
    if (full.level === 'error') this.alerted = full;
    else this.said = full;
    this.#expire();
    this.changed();
  }

  /** Takes a message off the screen. It stays in the list of the past ones. */
  dismiss(key: string): void {
    const message = this.open.find((open) => open.key === key);
    if (!message) return;
    this.open = this.open.filter((open) => open !== message);
    this.#remember(message);
    this.#expire();
    this.changed();
  }

  dismissAll(): void {
    for (const { key } of [...this.open].reverse()) this.dismiss(key); // the most urgent is then the newest past one
  }

  /** Shows or hides the list of all messages. */
  list(listed: boolean): void {
    if (this.listed === listed) return;
    this.listed = listed;
    this.changed();
  }

  /** Sets for how many messages there is room on screen. */
  makeRoom(room: number): void {
    if (this.#room === room) return;
    this.#room = room;
    this.#expire();
    this.changed();
  }

  /** Stops all messages from expiring, while the pointer or the focus is on them, or the tab is in the background. */
  pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.#expire();
  }

  #remember(message: FlashMessage): void {
    this.past = [message, ...this.past].slice(0, PAST);
  }

  /** Starts the clock of messages that are on screen, and stops that of all others. */
  #expire(): void {
    const passing = this.#paused ? [] : this.shown.filter(({ level, action }) => action === null && level !== 'error' && level !== 'warning');
    const keys = new Set(passing.map(({ key }) => key));
    for (const key of this.#timers.keys()) if (!keys.has(key)) this.#stop(key);
    for (const key of keys) if (!this.#timers.has(key)) this.#timers.set(key, setTimeout(() => this.dismiss(key), STAY));
  }

  #stop(key: string): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
  }
}

function urgency({ level, action }: FlashMessage): number {
  return { error: 3, warning: 2, success: 0, info: 0 }[level] || (action ? 1 : 0);
}
