/**
 * When a page is told that the connection was lost, and that it is back. What ends within the patience is no outage, because
 * the SDK connects again within a second as a rule, and nothing was missed.
 */
import type { ConnectionState } from '@tidings/client';

/** What `connection_lost` is triggered with. */
export interface Loss {
  /** 2: the connection was lost. 3: it did not open. 4: there is no ticket, or the server has not accepted it. */
  readonly code: 2 | 3 | 4;
  readonly reason: string; // for programs
  readonly message: string; // what failed, and what to do
  readonly retries: number; // tries so far
  readonly delay: number; // ms until the next try
  readonly retryDelay: number; // the same
}

export interface OutageEvents {
  lost(loss: Loss): void;
  established(): void;
  /** Called after a refusal, which ends the tries of the SDK, and some time. */
  retry(): void;
}

export interface OutageOptions {
  readonly patience: number; // ms
  readonly retryDelay: number; // ms; times the number of refusals in a row
}

/** How the page was away before the connection that is open now. */
export interface Absence {
  readonly ms: number; // 0: it is the first connection
  readonly left: boolean; // the page itself has closed the connection, because the browser kept it in its cache
}

const LONGEST = 600_000; // ms; between tries after refusals
const TICKETS: ReadonlySet<string> = new Set(['no_ticket', 'denied']);

export class Outage {
  readonly #options: OutageOptions;
  readonly #events: OutageEvents;
  #told: 'nothing' | 'established' | 'lost' = 'nothing';
  #loss: Omit<Loss, 'delay' | 'retryDelay'> = { code: 3, reason: 'unopened', message: 'the connection did not open', retries: 0 };
  #retryAt = 0; // ms since 1970
  #wasOpen = false; // at some time
  #opened = false; // since the page knows of the last outage
  #refusals = 0; // in a row
  #away: { readonly since: number; readonly left: boolean } | null = null; // while it is
  #absence: Absence = { ms: 0, left: false };
  #waits: ReturnType<typeof setTimeout> | undefined; // for the end of the patience
  #retries: ReturnType<typeof setTimeout> | undefined;

  constructor(options: OutageOptions, events: OutageEvents) {
    this.#options = options;
    this.#events = events;
  }

  get absence(): Absence {
    return this.#absence;
  }

  see(state: ConnectionState): void {
    clearTimeout(this.#retries);
    if (state.name === 'open') this.#back();
    else if (this.#wasOpen) this.#away ??= { since: Date.now(), left: state.name === 'waiting' && state.reason === 'suspended' };
    switch (state.name) {
      case 'open': return this.#up();
      case 'waiting':
        if (state.reason === 'suspended') return this.#pause(); // the page is left, or comes back from the browser's cache
        this.#note(TICKETS.has(state.reason) ? 4 : this.#opened ? 2 : 3, state, state.tries, state.retryAt.getTime());
        return this.#down(this.#options.patience);
      case 'refused': return this.#refused(state);
      case 'closed': return this.#pause();
      default: // another try is under way, without a wait if the connection is found dead
        if (this.#opened) this.#down(this.#options.patience);
    }
  }

  #back(): void {
    this.#wasOpen = true;
    this.#absence = this.#away ? { ms: Date.now() - this.#away.since, left: this.#away.left } : this.#absence;
    this.#away = null;
  }

  #up(): void {
    this.#pause();
    this.#refusals = 0;
    this.#opened = true;
    this.#note(2, { reason: 'lost', message: 'the connection was lost' }, 0, 0); // until the next try has failed
    if (this.#told === 'established') return;
    this.#told = 'established';
    this.#events.established();
  }

  #down(patience: number): void {
    if (this.#told === 'lost' || (this.#waits !== undefined && patience > 0)) return;
    clearTimeout(this.#waits);
    if (patience <= 0) return this.#tell();
    this.#waits = setTimeout(() => this.#tell(), patience);
  }

  #tell(): void {
    this.#waits = undefined;
    this.#told = 'lost';
    this.#opened = false;
    const delay = Math.max(0, Math.round(this.#retryAt - Date.now()));
    this.#events.lost({ ...this.#loss, delay, retryDelay: delay });
  }

  /** A user who logs in again is let in: the page asks from time to time, as Oro's own pages do. */
  #refused(why: { readonly reason: string; readonly message: string }): void {
    const delay = Math.min(this.#options.retryDelay * ++this.#refusals, LONGEST);
    this.#retries = setTimeout(() => this.#events.retry(), delay);
    this.#note(4, why, this.#refusals, Date.now() + delay);
    this.#down(0);
  }

  #note(code: Loss['code'], { reason, message }: { readonly reason: string; readonly message: string }, retries: number, retryAt: number): void {
    this.#loss = { code, reason, message, retries };
    this.#retryAt = retryAt;
  }

  #pause(): void {
    clearTimeout(this.#waits);
    this.#waits = undefined;
  }
}
