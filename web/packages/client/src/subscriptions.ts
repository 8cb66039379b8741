/** All subscriptions and registrations of a page: their handlers, their statuses, and the status of the page. */
import { Observable } from './observable.js';
import type { Output, State } from './state.js';
import { follow, freshness, initially, isSame, phaseFreshness, type Status, worst } from './status.js';
import { type Handler, Subscribers } from './subscribers.js';

type Told = Extract<Output, { type: 'event' | 'gap' | 'interest-active' | 'interest-changed' | 'interest-refused' }>;

export class Subscriptions {
  readonly status = new Observable<Status>(initially());
  readonly #all = new Map<string, Subscribers>();
  #moved = false; // the status of the page may have changed

  get(key: string): Subscribers | undefined {
    return this.#all.get(key);
  }

  add(key: string, handler: Handler): Subscribers {
    const subscribers = this.#all.get(key) ?? new Subscribers(initially());
    this.#all.set(key, subscribers);
    subscribers.add(handler);
    this.#moved = true;
    return subscribers;
  }

  /** Removes a handler, and returns true if it was the last one of its subscription. */
  remove(key: string, handler: Handler): boolean {
    const subscribers = this.#all.get(key);
    if (!subscribers?.remove(handler) || subscribers.size > 0) return false;
    this.#all.delete(key);
    return (this.#moved = true);
  }

  /** Tells the handlers of a subscription. `now` is the time of what happened. */
  tell(output: Told, state: State, now: Date): void {
    const subscribers = this.#all.get(output.key);
    switch (output.type) {
      case 'event': return subscribers?.deliver(output);
      case 'gap': return subscribers?.gap(output.gap);
      case 'interest-changed': return this.#show(output.key, state, now);
      case 'interest-refused':
        this.#show(output.key, state, now);
        return subscribers?.refused(output.failure);
      case 'interest-active':
        subscribers?.granted(output.history);
        this.#show(output.key, state, now);
        if (!output.again) subscribers?.active();
    }
  }

  /** Shows the statuses in another phase of the connection. */
  showAll(state: State, now: Date): void {
    this.#moved = true;
    for (const key of this.#all.keys()) this.#show(key, state, now);
  }

  /** Shows the status of the page, if it has changed. Registrations have none. */
  showWorst(state: State, now: Date): void {
    if (!this.#moved) return;
    this.#moved = false;
    const all = [...this.#all].filter(([key]) => state.interests.get(key)?.kind === 'subscription');
    const { value } = this.status;
    const next = worst(all.map(([, { status }]) => status.value)) ?? follow(value, phaseFreshness(state), null, now);
    if (!isSame(next, value)) this.status.set(next);
  }

  #show(key: string, state: State, now: Date): void {
    const subscribers = this.#all.get(key);
    const interest = state.interests.get(key);
    if (!subscribers || !interest) return;
    if (interest.progress.caughtUp) subscribers.caughtUp();
    const { status } = subscribers;
    const next = follow(status.value, freshness(state, interest), interest.failure, now);
    if (next === status.value) return;
    this.#moved = true;
    status.set(next);
  }
}
