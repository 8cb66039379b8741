/** The handlers of one subscription or registration, and its status. */
import type { EventHandler, Procedure, SubscribeOptions, TopicEvent } from './options.js';
import { guarded, Observable } from './observable.js';
import type { Gap } from './positions.js';
import type { Arrival, Failure } from './state.js';
import type { Status } from './status.js';

export interface Handler {
  readonly handle: EventHandler | Procedure;
  readonly options: SubscribeOptions;
  /** What it has of the last events: it waits for them, gets them now, or needs none any more. */
  history: 'waits' | 'gets' | 'has';
}

export class Subscribers {
  readonly status: Observable<Status>;
  readonly #handlers = new Set<Handler>();
  #last: TopicEvent | null = null; // for handlers that want the retained event and come later

  constructor(status: Status) {
    this.status = new Observable(status);
  }

  get size(): number {
    return this.#handlers.size;
  }

  get procedure(): Procedure | undefined {
    const [first] = this.#handlers;
    return first?.handle as Procedure | undefined;
  }

  add(handler: Handler): void {
    this.#handlers.add(handler);
    const last = this.#last;
    // Later, because the page does not have the subscription yet.
    if (last && handler.options.retained && handler.options.match === undefined) queueMicrotask(() => this.#handlers.has(handler) && this.#call(handler, last));
  }

  /** Returns false if the handler was removed before. */
  remove(handler: Handler): boolean {
    return this.#handlers.delete(handler);
  }

  /** The router has granted the subscription, and sends so many of the last events. */
  granted(history: number): void {
    for (const handler of this.#handlers) {
      if (handler.history === 'waits' && (handler.options.history ?? 0) <= history) handler.history = 'gets';
    }
  }

  active(): void {
    for (const { options } of [...this.#handlers]) guarded(() => (options.onActive ?? options.onHeld)?.());
  }

  caughtUp(): void {
    for (const handler of this.#handlers) if (handler.history === 'gets') handler.history = 'has';
  }

  deliver({ publication, delivery, position, afterGap, skipped, old }: Arrival): void {
    const event: TopicEvent = { ...delivery, publication, position, afterGap, skipped };
    const retained = delivery.details['retained'] === true;
    if (!old) this.#last = event;
    for (const handler of [...this.#handlers]) {
      const wanted = handler.history === 'gets' || (handler.history === 'has' && !old);
      if (wanted && (handler.options.retained || !retained)) this.#call(handler, event);
    }
  }

  gap(gap: Gap): void {
    for (const { options } of [...this.#handlers]) guarded(() => options.onGap?.(gap));
  }

  refused(failure: Failure): void {
    for (const { options } of [...this.#handlers]) guarded(() => options.onRefused?.(failure));
  }

  #call(handler: Handler, event: TopicEvent): void {
    guarded(() => (handler.handle as EventHandler)(event));
  }
}
