/**
 * The shell around the machine (machine.ts): owns the transport, the timers and the page's handlers. It carries out the
 * machine's outputs and makes no decision of its own.
 */
import { backoff } from './backoff.js';
import { Failed, TicketRefused } from './failure.js';
import { Heartbeat } from './heartbeat.js';
import { watchPage } from './lifecycle.js';
import { step } from './machine.js';
import type { Payload } from './messages.js';
import { guarded, Observable } from './observable.js';
import type {
  CallOptions, ConnectionState, EventHandler, Handle, Options, Procedure, PublishOptions, RegisterOptions, SubscribeOptions, Subscription,
} from './options.js';
import { payloadFrom, publishOptions } from './payload.js';
import { type Queue, Requests } from './queue.js';
import { dialFrom } from './sharing.js';
import { type Config, initial, type Input, type InterestKind, type Output, type Request, type Session, type State, type Timer } from './state.js';
import type { Status } from './status.js';
import type { Handler, Subscribers } from './subscribers.js';
import { Subscriptions } from './subscriptions.js';
import { randomId, tabIdentity } from './tab.js';
import type { Dial, Transport } from './transport.js';

const OPENING = 15_000; // ms from opening the socket to WELCOME
const STABLE = 10_000; // ms after which a session resets the back-off
const CLOSING = 2_000; // ms that the router has to answer GOODBYE
const LONGEST_TIMER = 2 ** 31 - 1; // ms; a browser runs a longer one at once
const QUEUED = 100; // requests that wait for a connection
const QUEUED_BYTES = 1 << 18; // of their payloads
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
  readonly #dial: Dial;
  readonly #subscriptions = new Subscriptions();
  readonly #state = new Observable<ConnectionState>({ name: 'connecting', tries: 0 });
  readonly #requests = new Requests();
  readonly #timers = new Map<Timer, Timeout>();
  readonly #inputs: Input[] = [];
  readonly #heartbeat: Heartbeat | null;
  readonly #unwatchPage: () => void;
  #machine: State;
  #transport: Transport | null = null;
  #retryAt = new Date(0);
  #busy = false;
  #lostAt: number | null = null; // when the last message came over a connection that is found dead now

  constructor(options: Options) {
    this.#options = options;
    this.#address = address(options.url);
    this.#dial = options.transport ?? dialFrom(options.share);
    this.tab = options.tab === undefined ? tabIdentity() : Promise.resolve(options.tab);
    this.#machine = initial(configFrom(options, null));
    void this.tab.then((tab) => {
      this.#machine = { ...this.#machine, config: configFrom(options, tab) };
      this.#input({ type: 'start' });
    });
    const { heartbeat = {} } = options;
    this.#heartbeat = heartbeat === false ? null : new Heartbeat(heartbeat, {
      probe: () => this.#input({ type: 'probe' }),
      dead: () => {
        this.#lostAt = this.#heartbeat?.heardAt ?? null;
        this.#input({ type: 'dead' });
        this.#lostAt = null;
      },
    });
    this.#unwatchPage = watchPage({
      woken: () => this.#check('wake'),
      networkChanged: () => this.#check('network'),
      suspended: () => this.#input({ type: 'suspend' }),
    });
  }

  get state(): ConnectionState {
    return this.#state.value;
  }

  get session(): Session | null {
    const { phase } = this.#machine;
    return phase.name === 'open' ? phase.session : null;
  }

  /** Calls the listener after each change of the state, until the returned function is called. */
  onState(listener: (state: ConnectionState) => void): () => void {
    return this.#state.watch(listener);
  }

  /** The worst status of all subscriptions: whether what the page shows is true. It is the same object until it changes. */
  get status(): Status {
    return this.#subscriptions.status.value;
  }

  /** Calls the listener after each change of the status, until the returned function is called. */
  onStatus(listener: (status: Status) => void): () => void {
    return this.#subscriptions.status.watch(listener);
  }

  subscribe(topic: string, handler: EventHandler, options: SubscribeOptions = {}): Subscription {
    const [handle, { status }] = this.#want('subscription', topic, handler, options);
    return { ...handle, get status() { return status.value; }, onStatus: (listener) => status.watch(listener) };
  }

  register(procedure: string, handler: Procedure, options: RegisterOptions = {}): Handle {
    return this.#want('registration', procedure, handler, options)[0];
  }

  /** The calls and acknowledged publications without an answer. It is the same object until it changes. */
  get queue(): Queue {
    return this.#requests.queue.value;
  }

  /** Calls the listener after each change of the queue, until the returned function is called. */
  onQueue(listener: (queue: Queue) => void): () => void {
    return this.#requests.queue.watch(listener);
  }

  /**
   * Publishes to a topic. Without `acknowledge` a publication is dropped if there is no session. With it, the promise
   * is resolved when the router has the publication, which is published once, also if it was sent twice.
   */
  async publish(topic: string, options: PublishOptions = {}): Promise<void> {
    const { acknowledge = false, id = acknowledge ? randomId() : undefined } = options;
    const payload = payloadFrom(options);
    const wamp = publishOptions(options, id);
    if (!acknowledge) return this.#input({ type: 'publish', uri: topic, options: wamp, payload });
    // Without a login the router cannot tell that another session is the same publisher.
    await this.#request('publish', { uri: topic, options: wamp, payload, repeat: this.#machine.config.tickets }, options);
  }

  /** Calls a procedure; rejects with a Failed. Without a session the call waits for one until its timeout. */
  async call(procedure: string, options: CallOptions = {}): Promise<Payload> {
    const { timeout = TIMEOUT, repeatable = false } = options;
    return this.#request('call', { uri: procedure, options: { timeout }, payload: payloadFrom(options), repeat: repeatable }, options);
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

  #want(kind: InterestKind, uri: string, handle: EventHandler | Procedure, options: SubscribeOptions): [Handle, Subscribers] {
    const { match = 'exact', history = 0, retained = false, since } = options;
    const key = `${kind} ${match} ${uri}`;
    const handler: Handler = { handle, options, history: history > 0 ? 'waits' : 'has' };
    const subscribers = this.#subscriptions.add(key, handler);
    this.#input({ type: 'want', key, kind, uri, match, last: history, retained, since });
    const release = (): void => {
      if (this.#subscriptions.remove(key, handler)) this.#input({ type: 'release', key });
    };
    return [{ uri, release }, subscribers];
  }

  #request(kind: 'call' | 'publish', wanted: Pick<Request, 'uri' | 'options' | 'payload' | 'repeat'>, { timeout = TIMEOUT, signal }: CallOptions): Promise<Payload> {
    const bytes = JSON.stringify(wanted.payload).length;
    return this.#requests.make({ timeout, signal }, {
      send: (token) => this.#input({ type: 'request', request: { token, kind, bytes, ...wanted } }),
      expired: (token) => this.#input({ type: 'expired', token }),
      canceled: (token) => this.#input({ type: 'canceled', token }),
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
      this.#subscriptions.showWorst(this.#machine, this.#now());
      this.#requests.show(this.#machine);
    }
    this.#busy = false;
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case 'connect': return this.#connect(output.attempt);
      case 'disconnect': return this.#disconnect();
      case 'send': return this.#transport?.send(output.message);
      case 'ask-ticket': return void this.#askTicket(output.attempt);
      case 'renew': return void this.#renew(output.attempt);
      case 'start-timer': return this.#startTimer(output);
      case 'stop-timer': return clearTimeout(this.#timers.get(output.timer));
      case 'phase': return this.#show(shown(this.#machine, this.#retryAt));
      case 'event': case 'gap': case 'interest-active': case 'interest-changed': case 'interest-refused':
        return this.#subscriptions.tell(output, this.#machine, this.#now());
      case 'invoked': return void this.#invoke(output);
      case 'answer-refused': return console.error(`tidings: the router refused an answer of this page: ${output.failure.message}`);
      case 'settled': return this.#requests.settle(output.token, output.result);
      case 'failed': return this.#requests.fail(output.token, output.failure);
    }
  }

  #connect(attempt: number): void {
    try {
      this.#transport = this.#dial(this.#address, {
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

  /** Renews the session with another ticket. The router has then asked about all that the session holds. */
  async #renew(attempt: number): Promise<void> {
    try {
      const ticket = (await this.#options.ticket?.()) ?? '';
      const { kwargs } = await this.call('tidings.session.renew', { args: [ticket] });
      this.#input({ type: 'renewed', attempt, details: kwargs });
    } catch (error) {
      const { failure } = Failed.from(error);
      this.#input({ type: 'not-renewed', attempt, failure, final: error instanceof TicketRefused });
    }
  }

  #startTimer({ timer, tries, after }: Output & { type: 'start-timer' }): void {
    const later = backoff(tries, Math.random());
    const delays = { opening: OPENING, stable: STABLE, closing: CLOSING, retry: later, interests: later, renewal: later };
    const delay = Math.min(after ?? delays[timer], LONGEST_TIMER);
    if (timer === 'retry') this.#retryAt = new Date(Date.now() + delay);
    clearTimeout(this.#timers.get(timer));
    this.#timers.set(timer, setTimeout(() => this.#input({ type: 'elapsed', timer }), delay));
  }

  #show(state: ConnectionState): void {
    if (state.name === 'open') this.#heartbeat?.start();
    else this.#heartbeat?.stop();
    this.#subscriptions.showAll(this.#machine, this.#now());
    this.#state.set(state);
  }

  #now(): Date {
    return new Date(this.#lostAt ?? Date.now());
  }

  async #invoke({ key, attempt, request, delivery }: Output & { type: 'invoked' }): Promise<void> {
    try {
      const result = (await this.#subscriptions.get(key)?.procedure?.(delivery)) ?? {};
      this.#input({ type: 'answer', attempt, request, outcome: { result: payloadFrom(result) } });
    } catch (error) {
      this.#input({ type: 'answer', attempt, request, outcome: { failure: Failed.from(error).failure } });
    }
  }
}

type Timeout = ReturnType<typeof setTimeout>;

function configFrom(options: Options, tab: string | null): Config {
  const { realm = 'app', ticket, queue = {} } = options;
  const limits = { requests: queue.requests ?? QUEUED, bytes: queue.bytes ?? QUEUED_BYTES };
  return { realm, tab, agent: AGENT, tickets: ticket !== undefined, queue: limits };
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
