/**
 * The heartbeat of a session. A network can fail without a word, and a browser shows such a connection as open for
 * minutes. If nothing has come from the router for a while, the heartbeat asks for an answer; any message is one.
 */
export interface HeartbeatOptions {
  readonly interval?: number; // ms of silence before the router is asked; default 5000, and at least 30000 in a hidden page
  readonly timeout?: number; // ms that the answer may take; default 5000
}

export interface HeartbeatEvents {
  probe(): void; // asks the router for any message
  dead(): void;
}

const INTERVAL = 5_000; // ms
const HIDDEN = 30_000; // ms; a page that is not seen may be late, and is asked again when it is shown
const TIMEOUT = 5_000; // ms
const LONGEST = 60_000; // ms
const SLEPT = 2_000; // ms; a timer that is later than that has waited for the page or the machine to wake

export class Heartbeat {
  readonly #events: HeartbeatEvents;
  readonly #interval: number;
  readonly #timeout: number;
  #patience: number; // ms; grows with a link that is slow, so that a large message is never taken for a dead connection
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #heardAt = 0;
  #askedAt = 0; // when the router was asked, while it has not answered; otherwise 0
  #due = 0; // when the timer should elapse
  #again = false; // the question was repeated, because the page slept

  constructor({ interval = INTERVAL, timeout = TIMEOUT }: HeartbeatOptions, events: HeartbeatEvents) {
    this.#interval = interval;
    this.#timeout = this.#patience = timeout;
    this.#events = events;
  }

  /** When the last message came from the router, in ms since 1970. */
  get heardAt(): number {
    return this.#heardAt;
  }

  start(): void {
    this.#running = true;
    this.#askedAt = 0;
    this.#heardAt = Date.now();
    this.#wait();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Notes a message of the router. */
  heard(): void {
    this.#heardAt = Date.now();
    if (this.#askedAt === 0) return;
    this.#patience = Math.min(LONGEST, Math.max(this.#timeout, 2 * (this.#heardAt - this.#askedAt)));
    this.#askedAt = 0;
    this.#wait();
  }

  /** Asks at once: the page was shown or the network has changed, so that the connection may be dead. */
  check(): void {
    if (this.#running) this.#ask(false);
  }

  /** Waits until the router has been silent for the interval. Messages do not move the timer: it looks when one came. */
  #wait(): void {
    const hidden = globalThis.document?.visibilityState === 'hidden';
    const interval = hidden ? Math.max(HIDDEN, this.#interval) : this.#interval;
    const rest = this.#heardAt + interval - Date.now();
    if (rest > 0) this.#schedule(rest);
    else this.#ask(false);
  }

  #schedule(later: number): void {
    clearTimeout(this.#timer);
    this.#due = Date.now() + later;
    this.#timer = setTimeout(() => this.#elapsed(), later);
  }

  #elapsed(): void {
    if (this.#askedAt === 0) return this.#wait();
    if (Date.now() - this.#due > SLEPT && !this.#again) return this.#ask(true); // the answer may wait behind this timer
    this.#patience = Math.min(LONGEST, 2 * this.#patience);
    this.stop();
    this.#events.dead();
  }

  #ask(again: boolean): void {
    this.#again = again;
    this.#askedAt = Date.now();
    this.#schedule(this.#patience);
    this.#events.probe();
  }
}
