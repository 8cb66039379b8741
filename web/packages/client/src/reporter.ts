/** Tells the page and its developer what went wrong. */
import { guarded } from './observable.js';
import type { Failure } from './state.js';
import { type ErrorKind, TidingsError, type Trouble } from './trouble.js';

const MOST = 200; // causes that are remembered; more are printed again

export interface ReporterOptions {
  /** Called with everything that went wrong, also if it is printed no more. */
  readonly onError?: (error: TidingsError) => void;
  /** Prints nothing to the console; `onError` is called as otherwise. */
  readonly quiet?: boolean;
}

export class Reporter {
  readonly #options: ReporterOptions;
  readonly #printed = new Set<string>();
  #last: Trouble | null = null; // of the connection

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** Reports why there is no session: once, until it is another reason. */
  connection(why: Trouble): void {
    if (why === this.#last) return;
    this.#last = why;
    this.report(new TidingsError(why.reason === 'no_ticket' ? 'ticket' : 'connection', why));
  }

  refused(kind: ErrorKind, uri: string, failure: Failure): void {
    this.report(new TidingsError(kind, { reason: failure.uri, message: `${kind} of ${uri} refused: ${failure.message}`, status: null }, uri, failure));
  }

  report(error: TidingsError): void {
    guarded(() => this.#options.onError?.(error));
    const cause = `${error.kind} ${error.reason} ${error.uri}`;
    if (this.#options.quiet || this.#printed.has(cause)) return;
    if (this.#printed.size >= MOST) this.#printed.clear();
    this.#printed.add(cause);
    import('./explain.js').then(({ print }) => print(error), () => console.error(`tidings: ${error.message}`));
  }

  /** The session has lasted: what disturbs it next is printed, also if it was printed before. */
  recovered(): void {
    this.#last = null;
    for (const cause of this.#printed) if (/^(connection|ticket)/.test(cause)) this.#printed.delete(cause);
  }
}
