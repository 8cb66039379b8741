// The service that keeps a page connected, as OroPlatform's does: a new ticket for each try, one of two schedules of
// retries, and callbacks that outlive connections. Written from a description of its behaviour.
import { CLOSED, NO_TICKET, open } from './session.js';

const MINUTE = 60_000;
/** How long, and how often, the schedule "steps" tries without a word. */
const SILENT = 15_000;
const STEP = 2_000;

export class Sync {
  #options;
  #report;
  #channels = new Map();
  #session = null;
  #retries = 0;
  #lostAt = null;

  /**
   * `url` is the server's, without a ticket, and `ticket` the address that gives one. `schedule` is "minutes" or "steps"
   * (the newest versions). `scale` makes the clock of the schedules faster.
   */
  constructor(options, report) {
    this.#options = options;
    this.#report = report;
    window.addEventListener('beforeunload', () => this.#session?.close());
  }

  get session() {
    return this.#session;
  }

  async connect() {
    let ticket;
    try {
      const answer = await fetch(this.#options.ticket, { method: 'POST', headers: { 'X-CSRF-Header': '1' } });
      if (!answer.ok) throw new Error(`the application answers ${answer.status}`);
      ({ ticket } = await answer.json());
    } catch {
      this.#ended(NO_TICKET, null);
      return;
    }
    open(`${this.#options.url}?ticket=${encodeURIComponent(ticket)}`,
      (session) => this.#opened(session), (code, session) => this.#ended(code, session));
  }

  subscribe(channel, callback) {
    if (!this.#channels.has(channel)) this.#channels.set(channel, []);
    this.#channels.get(channel).push(callback);
    this.#session?.subscribe(channel, callback);
  }

  /** Unsubscribes a callback; one that is not subscribed takes all of the channel with it. */
  unsubscribe(channel, callback) {
    const callbacks = (this.#channels.get(channel) ?? []).filter((other) => callback && other !== callback);
    this.#channels.set(channel, callbacks);
    this.#session?.unsubscribe(channel, callback);
  }

  #opened(session) {
    this.#session = session;
    this.#retries = 0;
    this.#lostAt = null;
    for (const [channel, callbacks] of this.#channels) for (const callback of callbacks) session.subscribe(channel, callback);
    this.#report({ kind: 'established', session: session.id });
  }

  #ended(code, session) {
    if (this.#session === session) this.#session = null;
    this.#report({ kind: 'ended', code });
    if (code === CLOSED) return; // for good
    const now = performance.now();
    this.#lostAt ??= now;
    let delay = STEP;
    if (this.#options.schedule !== 'steps' || now - this.#lostAt >= SILENT * this.#options.scale) {
      delay = ++this.#retries * MINUTE;
      if (this.#options.schedule !== 'steps' || this.#retries === 1) this.#report({ kind: 'lost', code, delay });
    }
    setTimeout(() => this.connect(), delay * this.#options.scale);
  }
}
