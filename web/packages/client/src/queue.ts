/** The requests of the page that have no answer yet: their promises, their timers, and what the page can show of them. */
import { Failed } from './failure.js';
import type { Payload } from './messages.js';
import { Observable } from './observable.js';
import type { Failure, State } from './state.js';

/** The calls and acknowledged publications without an answer. */
export interface Queue {
  readonly pending: number;
  readonly waiting: number; // those of them that wait for a connection
  readonly bytes: number; // of the payloads of those that wait
  readonly oldest: Date | null; // when the oldest one was made
}

export interface Patience {
  readonly timeout: number; // ms
  readonly signal: AbortSignal | undefined;
}

/** What the machine is told of a request. */
export interface Requester {
  send(token: number): void;
  expired(token: number): void;
  canceled(token: number): void;
}

interface Promised {
  readonly at: Date;
  resolve(result: Payload): void;
  reject(error: Failed): void;
}

const EMPTY: Queue = { pending: 0, waiting: 0, bytes: 0, oldest: null };

export class Requests {
  readonly queue = new Observable<Queue>(EMPTY);
  readonly #promised = new Map<number, Promised>();
  #lastToken = 0;
  #shown: State['requests'] | null = null;

  /** Makes a request; the promise is settled with its token. */
  make({ timeout, signal }: Patience, requester: Requester): Promise<Payload> {
    const token = ++this.#lastToken;
    return new Promise((resolve, reject) => {
      const cancel = (): void => requester.canceled(token);
      const timer = setTimeout(() => requester.expired(token), timeout);
      const done = (): void => (clearTimeout(timer), signal?.removeEventListener('abort', cancel));
      this.#promised.set(token, {
        at: new Date(),
        resolve: (result) => (done(), resolve(result)),
        reject: (error) => (done(), reject(error)),
      });
      requester.send(token);
      if (signal?.aborted) cancel();
      else signal?.addEventListener('abort', cancel);
    });
  }

  settle(token: number, result: Payload): void {
    this.#take(token)?.resolve(result);
  }

  fail(token: number, failure: Failure): void {
    this.#take(token)?.reject(new Failed(failure));
  }

  /** Shows what is pending, if it has changed. */
  show({ requests }: State): void {
    if (requests === this.#shown) return;
    this.#shown = requests;
    const waiting = [...requests.values()].filter(({ requestId }) => requestId === null);
    const [first] = this.#promised.values();
    const next: Queue = {
      pending: requests.size, waiting: waiting.length, oldest: first?.at ?? null,
      bytes: waiting.reduce((sum, { bytes }) => sum + bytes, 0),
    };
    const { value } = this.queue;
    const same = next.pending === value.pending && next.waiting === value.waiting && next.bytes === value.bytes && next.oldest === value.oldest;
    if (!same) this.queue.set(next.pending === 0 ? EMPTY : next);
  }

  #take(token: number): Promised | undefined {
    const promised = this.#promised.get(token);
    this.#promised.delete(token);
    return promised;
  }
}
