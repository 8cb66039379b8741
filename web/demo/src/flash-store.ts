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

const LONGEST_STACK = 5; // more than that nobody reads; the oldest goes
const STAY = 8_000; // ms; what has a button or tells of trouble stays until it is dealt with

/** The messages on screen. One with the key of another takes its place. */
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
    this.pause(false); // what the pointer was over is gone, and browsers do not always say that it has left
    this.changed();
  }

  /** While somebody reads or is about to click, nothing goes away. */
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
