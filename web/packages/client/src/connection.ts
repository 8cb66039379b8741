/** The connection, as the page has it: its methods, and what the page is told. The shell (shell.ts) runs it. */
import { addressFrom, configFrom } from './configuration.js';
import { Failed } from './failure.js';
import type { Payload } from './messages.js';
import { Observable } from './observable.js';
import type {
  CallOptions, ConnectionState, EventHandler, Handle, Options, Procedure, PublishOptions, RegisterOptions, SubscribeOptions, Subscription,
} from './options.js';
import { payloadFrom, publishOptions } from './payload.js';
import { type Queue, Requests } from './queue.js';
import { Reporter } from './reporter.js';
import { dialFrom } from './sharing.js';
import { type PageOutput, Shell } from './shell.js';
import type { Failure, Input, InterestKind, Output, Phase, Request, Session, State } from './state.js';
import type { Status } from './status.js';
import type { Handler, Subscribers } from './subscribers.js';
import { Subscriptions } from './subscriptions.js';
import { randomId, tabIdentity } from './tab.js';
import type { NoTicket } from './ticket-source.js';
import { type Trace, trace } from './trace.js';
import { type ErrorKind, TidingsError, trouble } from './trouble.js';

const TIMEOUT = 10_000; // ms; the default of calls and acknowledged publications

export function connect(options: Options): Connection {
  return new Connection(options);
}

export class Connection {
  /**
   * The tab's identity. The page sends it along to its own backend when it saves, and the router then does not notify
   * this tab of its own change.
   */
  readonly tab: Promise<string>;

  readonly #shell: Shell;
  readonly #reporter: Reporter;
  readonly #trace: Trace | null;
  readonly #subscriptions = new Subscriptions();
  readonly #state = new Observable<ConnectionState>({ name: 'connecting', tries: 0 });
  readonly #requests = new Requests();

  constructor(options: Options) {
    const { share, transport, tab, heartbeat = {}, ticket, ticketTimeout, debug = false } = options;
    this.#reporter = new Reporter(options);
    this.#trace = debug ? trace() : null;
    const address = addressFrom(options.url);
    this.tab = tab === undefined ? tabIdentity() : Promise.resolve(tab);
    this.#shell = new Shell(configFrom(options, null), {
      address, dial: transport ?? dialFrom(share), heartbeat, ticket, ticketTimeout, trace: this.#trace,
    }, {
      tell: (output) => this.#tell(output),
      stepped: (state, input) => this.#stepped(state, input),
    });
    void this.tab.then((known) => this.#shell.start(configFrom(options, known)));
  }

  get state(): ConnectionState {
    return this.#state.value;
  }

  get session(): Session | null {
    const { phase } = this.#shell.machine;
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
    if (!acknowledge) {
      if (!this.session) this.#trace?.note(`not connected: the publication to ${topic} is dropped`);
      return this.#shell.input({ type: 'publish', uri: topic, options: wamp, payload });
    }
    // Without a login the router cannot tell that another session is the same publisher.
    await this.#request('publish', { uri: topic, options: wamp, payload, repeat: this.#shell.machine.config.tickets }, options);
  }

  /** Calls a procedure; rejects with a Failed. Without a session the call waits for one until its timeout. */
  async call(procedure: string, options: CallOptions = {}): Promise<Payload> {
    const { timeout = TIMEOUT, repeatable = false } = options;
    return this.#request('call', { uri: procedure, options: { timeout }, payload: payloadFrom(options), repeat: repeatable }, options);
  }

  /** Connects at once if the connection waits for its next try or was refused. */
  retry(): void {
    this.#shell.input({ type: 'retry' });
  }

  /** Ends the connection for good. The browser does it for a page that is left. */
  close(): void {
    this.#shell.close();
  }

  /** Reports the refusal of what is built on the connection, to `onError` and to the console. */
  reportRefusal(kind: ErrorKind, uri: string, failure: Failure): void {
    this.#reporter.refused(kind, uri, failure);
  }

  #want(kind: InterestKind, uri: string, handle: EventHandler | Procedure, options: SubscribeOptions): [Handle, Subscribers] {
    const { match = 'exact', history = 0, retained = false, since } = options;
    const key = `${kind} ${match} ${uri}`;
    const handler: Handler = { handle, options, history: history > 0 ? 'waits' : 'has' };
    const subscribers = this.#subscriptions.add(key, handler);
    this.#shell.input({ type: 'want', key, kind, uri, match, last: history, retained, since });
    const release = (): void => {
      if (this.#subscriptions.remove(key, handler)) this.#shell.input({ type: 'release', key });
    };
    return [{ uri, release }, subscribers];
  }

  #request(kind: 'call' | 'publish', wanted: Pick<Request, 'uri' | 'options' | 'payload' | 'repeat'>, { timeout = TIMEOUT, signal }: CallOptions): Promise<Payload> {
    const bytes = JSON.stringify(wanted.payload).length;
    return this.#requests.make({ timeout, signal }, {
      send: (token) => this.#shell.input({ type: 'request', request: { token, kind, bytes, ...wanted } }),
      expired: (token) => this.#shell.input({ type: 'expired', token }),
      canceled: (token) => this.#shell.input({ type: 'canceled', token }),
    });
  }

  #stepped(state: State, input: Input): void {
    if (input.type === 'elapsed' && input.timer === 'stable') this.#reporter.recovered();
    this.#subscriptions.showWorst(state, this.#shell.now);
    this.#requests.show(state);
  }

  #tell(output: PageOutput): void {
    const { machine, now } = this.#shell;
    switch (output.type) {
      case 'phase': return this.#show(machine);
      case 'event': case 'gap': case 'interest-active': case 'interest-changed':
        return this.#subscriptions.tell(output, machine, now);
      case 'interest-refused': {
        const { kind, uri } = machine.interests.get(output.key)!;
        this.#reporter.refused(kind, uri, output.failure);
        return this.#subscriptions.tell(output, machine, now);
      }
      case 'renew': return void this.#renew(output.attempt);
      case 'invoked': return void this.#invoke(output);
      case 'answer-refused': return this.#reporter.refused('answer', 'a procedure of this page', output.failure);
      case 'settled': return this.#requests.settle(output.token, output.result);
      case 'failed': return this.#requests.fail(output.token, output.failure);
    }
  }

  #show(machine: State): void {
    this.#subscriptions.showAll(machine, this.#shell.now);
    const state = shown(machine, this.#shell.retryAt);
    this.#trace?.note(`${state.name}${'reason' in state ? `: ${state.reason}: ${state.message}` : ''}`);
    const { phase, config } = machine;
    if (phase.name === 'refused') this.#reporter.connection(trouble(phase.reason, `not connected: ${phase.message}`));
    if (phase.name === 'waiting' && isKnown(phase, config.explains)) this.#reporter.connection(phase.trouble);
    this.#state.set(state);
  }

  /** Renews the session with another ticket. The router has then asked about all that the session holds. */
  async #renew(attempt: number): Promise<void> {
    const ticket = await this.#shell.ticket();
    if (typeof ticket !== 'string') return this.#notRenewed(attempt, Failed.from(ticket.cause ?? ticket.message).failure, ticket);
    try {
      const { kwargs } = await this.call('tidings.session.renew', { args: [ticket] });
      this.#shell.input({ type: 'renewed', attempt, details: kwargs });
    } catch (error) {
      const { failure } = error as Failed;
      this.#notRenewed(attempt, failure, { message: failure.message, final: false }, failure.uri);
    }
  }

  #notRenewed(attempt: number, failure: Failure, { message, final, cause }: NoTicket, reason = 'no_ticket'): void {
    this.#reporter.report(new TidingsError('ticket', { ...trouble(reason, `the session is not renewed: ${message}`), cause }));
    this.#shell.input({ type: 'not-renewed', attempt, failure, final });
  }

  async #invoke({ key, attempt, request, delivery }: Output & { type: 'invoked' }): Promise<void> {
    try {
      const result = (await this.#subscriptions.get(key)?.procedure?.(delivery)) ?? {};
      this.#shell.input({ type: 'answer', attempt, request, outcome: { result: payloadFrom(result) } });
    } catch (error) {
      this.#shell.input({ type: 'answer', attempt, request, outcome: { failure: Failed.from(error).failure } });
    }
  }
}

function shown({ phase, tries }: State, retryAt: Date): ConnectionState {
  switch (phase.name) {
    case 'idle': case 'connecting': return { name: 'connecting', tries };
    case 'authenticating': return { name: 'authenticating', tries };
    case 'waiting': {
      const { reason, message, status } = phase.trouble;
      return { name: 'waiting', tries, retryAt, reason, message, status };
    }
    case 'open': return { name: 'open', session: phase.session };
    case 'refused': return { name: 'refused', reason: phase.reason, message: phase.message };
    case 'closing': case 'closed': return { name: 'closed' };
  }
}

/** Reports whether the page is there, and the server is not being asked why. */
function isKnown({ trouble: { reason } }: Phase & { name: 'waiting' }, explains: boolean): boolean {
  return reason !== 'suspended' && (reason !== 'unopened' || !explains);
}
