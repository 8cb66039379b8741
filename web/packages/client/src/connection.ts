/**
 * The shell around the machine (machine.ts): owns the transport, the timers and the page's handlers. It carries out the
 * machine's outputs and makes no decision of its own.
 */
import { backoff } from './backoff.js';
import { Failed, TicketRefused } from './failure.js';
import { Heartbeat } from './heartbeat.js';
import { watchPage } from './lifecycle.js';
import { step } from './machine.js';
import type { Dict, Payload } from './messages.js';
import type { CallOptions, ConnectionState, EventHandler, Handle, Options, Procedure, PublishOptions, SubscribeOptions } from './options.js';
import { type Config, type Failure, initial, type Input, type InterestKind, type Output, type Session, type State, type Timer } from './state.js';
import { tabIdentity } from './tab.js';
import { type Transport, webSocket } from './transport.js';

interface Handler {
  readonly handle: EventHandler | Procedure;
  readonly options: SubscribeOptions;
}

const OPENING = 15_000; // ms from opening the socket to WELCOME
const STABLE = 10_000; // ms after which a session resets the back-off
const CLOSING = 2_000; // ms that the router has to answer GOODBYE
const TIMEOUT = 10_000; // ms; the default of calls and acknowledged publications

declare const __TIDINGS_VERSION__: string; // version of package.json; the build defines it
const AGENT = `tidings-js/${__TIDINGS_VERSION__}`;

export function connect(options: Options): Connection {
  return new Connection(options);
}

export class Connection {
  /**
   * The tab's identity. The page sends it along to its own backend when it saves, and the router then does not notify
   * this tab of its own change.
   */
  readonly tab: Promise<string>;

  readonly #options: Options;
  readonly #address: URL;
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  readonly #requests = new Map<number, { resolve(result: Payload): void; reject(error: Failed): void; timer: Timeout }>();
  readonly #timers = new Map<Timer, Timeout>();
  readonly #inputs: Input[] = [];
  readonly #heartbeat: Heartbeat | null;
  readonly #unwatchPage: () => void;
  #machine: State;
  #shown: ConnectionState = { name: 'connecting', tries: 0 };
  #transport: Transport | null = null;
  #retryAt = new Date(0);
  #lastToken = 0;
  #busy = false;

  constructor(options: Options) {
    this.#options = options;
    this.#address = address(options.url);
    this.tab = options.tab === undefined ? tabIdentity() : Promise.resolve(options.tab);
    this.#machine = initial(configFrom(options, null));
    void this.tab.then((tab) => {
      this.#machine = { ...this.#machine, config: configFrom(options, tab) };
      this.#input({ type: 'start' });
    });
    const { heartbeat = {} } = options;
    this.#heartbeat = heartbeat === false ? null : new Heartbeat(heartbeat, {
      probe: () => this.#input({ type: 'probe' }),
      dead: () => this.#input({ type: 'dead' }),
    });
    this.#unwatchPage = watchPage({
      woken: () => this.#check('wake'),
      networkChanged: () => this.#check('network'),
      suspended: () => this.#input({ type: 'suspend' }),
    });
  }

  get state(): ConnectionState {
    return this.#shown;
  }

  get session(): Session | null {
    return this.#shown.name === 'open' ? this.#shown.session : null;
  }

  /** Calls the listener after each change of the state, until the returned function is called. */
  onState(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  subscribe(topic: string, handler: EventHandler, options: SubscribeOptions = {}): Handle {
    return this.#want('subscription', topic, { handle: handler, options });
  }

  register(procedure: string, handler: Procedure, options: SubscribeOptions = {}): Handle {
    return this.#want('registration', procedure, { handle: handler, options });
  }

  /** Publishes to a topic. Without `acknowledge` a publication is dropped if there is no session. */
  async publish(topic: string, options: PublishOptions = {}): Promise<void> {
    const payload = payloadFrom(options);
    const wamp: Dict = {
      ...(options.acknowledge ? { acknowledge: true } : {}),
      ...(options.excludeMe === false ? { exclude_me: false } : {}),
    };
    if (!options.acknowledge) return this.#input({ type: 'publish', uri: topic, options: wamp, payload });
    await this.#request('publish', { uri: topic, options: wamp, payload, timeout: options.timeout ?? TIMEOUT });
  }

  /** Calls a procedure; rejects with a Failed. Without a session the call waits for one until its timeout. */
  async call(procedure: string, options: CallOptions = {}): Promise<Payload> {
    const timeout = options.timeout ?? TIMEOUT;
    const payload = payloadFrom(options);
    return this.#request('call', { uri: procedure, options: { timeout }, payload, timeout });
  }

  /** Connects at once if the connection waits for its next try or was refused. */
  retry(): void {
    this.#input({ type: 'retry' });
  }

  /** Ends the connection for good. The browser does it for a page that is left. */
  close(): void {
    this.#unwatchPage();
    this.#input({ type: 'close' });
  }

  #check(type: 'wake' | 'network'): void {
    this.#heartbeat?.check();
    this.#input({ type });
  }

  #want(kind: InterestKind, uri: string, handler: Handler): Handle {
    const match = handler.options.match ?? 'exact';
    const key = `${kind} ${match} ${uri}`;
    const handlers = this.#handlers.get(key) ?? new Set();
    this.#handlers.set(key, handlers.add(handler));
    this.#input({ type: 'want', key, kind, uri, match });
    const release = (): void => {
      if (!handlers.delete(handler) || handlers.size > 0) return;
      this.#handlers.delete(key);
      this.#input({ type: 'release', key });
    };
    return { uri, release };
  }

  #request(kind: 'call' | 'publish', wanted: { uri: string; options: Dict; payload: Payload; timeout: number }): Promise<Payload> {
    const token = ++this.#lastToken;
    const { uri, options, payload, timeout } = wanted;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#input({ type: 'expired', token }), timeout);
      this.#requests.set(token, { resolve, reject, timer });
      this.#input({ type: 'request', request: { token, kind, uri, options, payload } });
    });
  }

  /** Runs the machine. Inputs from handlers that it calls are queued until the current outputs are carried out. */
  #input(input: Input): void {
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const [state, outputs] = step(this.#machine, next);
      this.#machine = state;
      for (const output of outputs) guarded(() => this.#carryOut(output));
    }
    this.#busy = false;
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case 'connect': return this.#connect(output.attempt);
      case 'disconnect': return this.#disconnect();
      case 'send': return this.#transport?.send(output.message);
      case 'ask-ticket': return void this.#askTicket(output.attempt);
      case 'start-timer': return this.#startTimer(output.timer, output.tries);
      case 'stop-timer': return clearTimeout(this.#timers.get(output.timer));
      case 'phase': return this.#show(shown(this.#machine, this.#retryAt));
      case 'event': return this.#deliver(output);
      case 'invoked': return void this.#invoke(output);
      case 'interest-active': return this.#eachHandler(output.key, ({ options }) => (options.onActive ?? options.onHeld)?.());
      case 'interest-refused': return this.#eachHandler(output.key, ({ options }) => refused(options, output));
      case 'answer-refused': return console.error(`tidings: the router refused an answer of this page: ${output.failure.message}`);
      case 'settled': return this.#settle(output.token, ({ resolve }) => resolve(output.result));
      case 'failed': return this.#settle(output.token, ({ reject }) => reject(new Failed(output.failure)));
    }
  }

  #connect(attempt: number): void {
    const dial = this.#options.transport ?? webSocket;
    try {
      this.#transport = dial(this.#address, {
        opened: () => this.#input({ type: 'opened', attempt }),
        received: (message) => {
          this.#heartbeat?.heard();
          this.#input({ type: 'received', attempt, message });
        },
        lost: () => this.#input({ type: 'lost', attempt }),
      });
    } catch (error) { // the page's Content-Security-Policy forbids the address
      console.error('tidings: the browser refused to open a connection:', error);
      this.#input({ type: 'lost', attempt });
    }
  }

  #disconnect(): void {
    this.#transport?.close();
    this.#transport = null;
  }

  async #askTicket(attempt: number): Promise<void> {
    try {
      const ticket = (await this.#options.ticket?.()) ?? '';
      this.#input({ type: 'ticket', attempt, ticket });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#input({ type: 'no-ticket', attempt, message, final: error instanceof TicketRefused });
    }
  }

  #startTimer(timer: Timer, tries: number): void {
    const later = backoff(tries, Math.random());
    const delays = { opening: OPENING, stable: STABLE, closing: CLOSING, retry: later, interests: later };
    if (timer === 'retry') this.#retryAt = new Date(Date.now() + delays.retry);
    clearTimeout(this.#timers.get(timer));
    this.#timers.set(timer, setTimeout(() => this.#input({ type: 'elapsed', timer }), delays[timer]));
  }

  #show(state: ConnectionState): void {
    this.#shown = state;
    if (state.name === 'open') this.#heartbeat?.start();
    else this.#heartbeat?.stop();
    for (const listener of [...this.#listeners]) guarded(() => listener(state));
  }

  #deliver({ key, publication, delivery }: Output & { type: 'event' }): void {
    this.#eachHandler(key, ({ handle }) => (handle as EventHandler)({ ...delivery, publication }));
  }

  async #invoke({ key, attempt, request, delivery }: Output & { type: 'invoked' }): Promise<void> {
    const [handler] = this.#handlers.get(key) ?? [];
    try {
      const result = (await (handler?.handle as Procedure | undefined)?.(delivery)) ?? {};
      this.#input({ type: 'answer', attempt, request, outcome: { result: payloadFrom(result) } });
    } catch (error) {
      this.#input({ type: 'answer', attempt, request, outcome: { failure: Failed.from(error).failure } });
    }
  }

  #eachHandler(key: string, run: (handler: Handler) => void): void {
    for (const handler of [...(this.#handlers.get(key) ?? [])]) guarded(() => run(handler));
  }

  #settle(token: number, apply: (request: { resolve(result: Payload): void; reject(error: Failed): void }) => void): void {
    const request = this.#requests.get(token);
    if (!request) return;
    this.#requests.delete(token);
    clearTimeout(request.timer);
    apply(request);
  }
}

type Timeout = ReturnType<typeof setTimeout>;

function configFrom(options: Options, tab: string | null): Config {
  return { realm: options.realm ?? 'app', tab, agent: AGENT, tickets: options.ticket !== undefined };
}

function address(url: string | URL): URL {
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  return absolute;
}

function shown({ phase, tries }: State, retryAt: Date): ConnectionState {
  switch (phase.name) {
    case 'idle': case 'connecting': return { name: 'connecting', tries };
    case 'authenticating': return { name: 'authenticating', tries };
    case 'waiting': return { name: 'waiting', tries, retryAt };
    case 'open': return { name: 'open', session: phase.session };
    case 'refused': return { name: 'refused', reason: phase.reason, message: phase.message };
    case 'closing': case 'closed': return { name: 'closed' };
  }
}

function refused(options: SubscribeOptions, { key, failure }: { key: string; failure: Failure }): void {
  if (options.onRefused) options.onRefused(failure);
  else console.warn(`tidings: ${key}: ${failure.uri}: ${failure.message}`);
}

/**
 * Returns the payload, or throws a Failed if it cannot be JSON. It is checked here because a failure in `send` would
 * come after the request id was used, with no caller to reject.
 */
function payloadFrom({ args = [], kwargs = {} }: Partial<Payload>): Payload {
  try {
    JSON.stringify([args, kwargs]);
  } catch (error) {
    throw Failed.from(error);
  }
  return { args, kwargs };
}

/** Runs a handler; logs its error, so that the remaining handlers still run. */
function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    console.error('tidings:', error);
  }
}
