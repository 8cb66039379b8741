/**
 * The shell around the machine (machine.ts): owns the transport, the timers, the heartbeat and the ticket callback. It
 * carries out the machine's outputs and makes no decision of its own. What concerns the page goes to the connection.
 */
import { backoff } from './backoff.js';
import type { Explainer } from './explain.js';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.js';
import { watchPage } from './lifecycle.js';
import { step } from './machine.js';
import { guarded } from './observable.js';
import { type Config, initial, type Input, type Output, type State, type Timer } from './state.js';
import { type NoTicket, type TicketCallback, ticketFrom } from './ticket-source.js';
import type { Trace } from './trace.js';
import type { Dial, Transport } from './transport.js';
import { trouble } from './trouble.js';

const OPENING = 15_000; // ms from opening the socket to WELCOME
const STABLE = 10_000; // ms after which a session resets the back-off
const CLOSING = 2_000; // ms that the router has to answer GOODBYE
const LONGEST_TIMER = 2 ** 31 - 1; // ms; a browser runs a longer one at once

type Handled = 'connect' | 'disconnect' | 'send' | 'ask-ticket' | 'explain' | 'start-timer' | 'stop-timer';

/** What the page is told. */
export type PageOutput = Exclude<Output, { type: Handled }>;

export interface ShellEvents {
  tell(output: PageOutput): void;
  /** Called after all outputs of an input. */
  stepped(state: State, input: Input): void;
}

export interface ShellOptions {
  readonly address: URL;
  readonly dial: Dial;
  readonly heartbeat: HeartbeatOptions | false;
  readonly ticket: TicketCallback | undefined;
  readonly ticketTimeout: number | undefined;
  readonly trace: Trace | null;
}

export class Shell {
  readonly #options: ShellOptions;
  readonly #events: ShellEvents;
  readonly #timers = new Map<Timer, ReturnType<typeof setTimeout>>();
  readonly #inputs: Input[] = [];
  readonly #heartbeat: Heartbeat | null;
  readonly #unwatchPage: () => void;
  readonly #ended = new AbortController();
  #machine: State;
  #transport: Transport | null = null;
  #explainer: Promise<Explainer> | null = null;
  #retryAt = new Date(0);
  #busy = false;
  #lostAt: number | null = null; // when the last message came over a connection that is found dead now

  constructor(config: Config, options: ShellOptions, events: ShellEvents) {
    this.#options = options;
    this.#events = events;
    this.#machine = initial(config);
    const { heartbeat } = options;
    this.#heartbeat = heartbeat === false ? null : new Heartbeat(heartbeat, {
      probe: () => this.input({ type: 'probe' }),
      dead: () => this.#dead(),
    });
    this.#unwatchPage = watchPage({
      woken: () => this.#check('wake'),
      networkChanged: () => this.#check('network'),
      suspended: () => this.input({ type: 'suspend' }),
    });
  }

  get machine(): State {
    return this.#machine;
  }

  get retryAt(): Date {
    return this.#retryAt;
  }

  /** The time of what happens now. */
  get now(): Date {
    return new Date(this.#lostAt ?? Date.now());
  }

  start(config: Config): void {
    this.#machine = { ...this.#machine, config };
    this.input({ type: 'start' });
  }

  close(): void {
    this.#unwatchPage();
    this.#ended.abort();
    this.input({ type: 'close' });
  }

  /** Runs the machine. Inputs from handlers that it calls are queued until the current outputs are carried out. */
  input(input: Input): void {
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const [state, outputs] = step(this.#machine, next);
      this.#machine = state;
      for (const output of outputs) guarded(() => this.#carryOut(output));
      this.#events.stepped(state, next);
    }
    this.#busy = false;
  }

  /** Returns a ticket, or why there is none. */
  ticket(): Promise<string | NoTicket> {
    return ticketFrom(this.#options.ticket, this.#options.ticketTimeout);
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case 'connect': return this.#connect(output.attempt);
      case 'disconnect': return this.#disconnect();
      case 'send':
        this.#options.trace?.message('->', output.message);
        return this.#transport?.send(output.message);
      case 'ask-ticket': return void this.#askTicket(output.attempt);
      case 'explain': return void this.#explain(output.again);
      case 'start-timer': return this.#startTimer(output);
      case 'stop-timer': return clearTimeout(this.#timers.get(output.timer));
      case 'phase':
        if (output.phase.name === 'open') this.#heartbeat?.start();
        else this.#heartbeat?.stop();
        return this.#events.tell(output);
      default: return this.#events.tell(output);
    }
  }

  #connect(attempt: number): void {
    const { dial, address, trace } = this.#options;
    trace?.note(`connecting to ${address.origin}${address.pathname}, attempt ${attempt}`);
    try {
      this.#transport = dial(address, {
        opened: () => this.input({ type: 'opened', attempt }),
        received: (message) => {
          this.#heartbeat?.heard();
          trace?.message('<-', message);
          this.input({ type: 'received', attempt, message });
        },
        lost: () => this.input({ type: 'lost', attempt }),
      });
    } catch (error) { // the page may not open this address
      trace?.note(`the browser refused to open a connection: ${String(error)}`);
      this.input({ type: 'lost', attempt });
    }
  }

  #disconnect(): void {
    this.#transport?.close();
    this.#transport = null;
  }

  async #askTicket(attempt: number): Promise<void> {
    const ticket = await this.ticket();
    this.input(typeof ticket === 'string' ? { type: 'ticket', attempt, ticket } : { type: 'no-ticket', attempt, ...ticket });
  }

  async #explain(again: boolean): Promise<void> {
    this.#explainer ??= import('./explain.js').then(({ explainer }) => explainer(this.#options.address, this.#ended.signal));
    try {
      const explanation = await (await this.#explainer)(again);
      if (explanation) this.input({ type: 'explained', explanation });
    } catch {
      this.#explainer = null; // the file cannot be loaded, usually for the same reason
      this.input({ type: 'explained', explanation: trouble('unreachable', `nothing answers at ${this.#options.address.host}: does the server run, and is the address right?`) });
    }
  }

  #startTimer({ timer, tries, after }: Output & { type: 'start-timer' }): void {
    const later = backoff(tries, Math.random());
    const delays = { opening: OPENING, stable: STABLE, closing: CLOSING, retry: later, interests: later, renewal: later };
    const delay = Math.min(after ?? delays[timer], LONGEST_TIMER);
    if (timer === 'retry') this.#retryAt = new Date(Date.now() + delay);
    clearTimeout(this.#timers.get(timer));
    this.#timers.set(timer, setTimeout(() => this.input({ type: 'elapsed', timer }), delay));
  }

  #check(type: 'wake' | 'network'): void {
    this.#heartbeat?.check();
    this.input({ type });
  }

  #dead(): void {
    this.#lostAt = this.#heartbeat?.heardAt ?? null;
    this.input({ type: 'dead' });
    this.#lostAt = null;
  }
}
