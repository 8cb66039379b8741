import type { Level } from '@tidings/client';
import { Store } from './store';

export interface FlashMessage {
  readonly key: string;
  readonly level: Level;
  readonly title: string;
  readonly text: string;
  readonly href: string;
  readonly action: { readonly label: string; readonly run: () => void } | null;
}

const LONGEST_STACK = 5; // messages; the oldest is removed
const STAY = 8_000; // ms; warnings, errors and messages with a button stay until they are dismissed

/** The messages on screen. A message replaces another one with the same key. */
export class Flashes extends Store {
  messages: readonly FlashMessage[] = [];

  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #last = 0;
  #paused = false;

  add(message: Partial<FlashMessage> & Pick<FlashMessage, 'level' | 'text'>): void {
    const key = message.key ?? `flash-${++this.#last}`;
    const full: FlashMessage = { title: '', href: '', action: null, ...message, key };
    this.messages = [...this.messages.filter((other) => other.key !== key), full].slice(-LONGEST_STACK);
    this.#expire(full);
    this.changed();
  }

  dismiss(key: string): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    if (!this.messages.some((message) => message.key === key)) return;
    this.messages = this.messages.filter((message) => message.key !== key);
    this.pause(false); // some browsers send no pointerleave for a removed element
    this.changed();
  }

  /** Stops all messages from expiring, while the pointer or the focus is on them. */
  pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (!paused) for (const message of this.messages) this.#expire(message);
  }

  #expire(message: FlashMessage): void {
    clearTimeout(this.#timers.get(message.key));
    if (this.#paused || message.action !== null || message.level === 'error' || message.level === 'warning') return;
    this.#timers.set(message.key, setTimeout(() => this.dismiss(message.key), STAY));
  }
}
