import { Code, type Message } from '../src/messages.js';
import { step } from '../src/machine.js';
import { type Config, initial, type Input, type Output, type State } from '../src/state.js';

export const config: Config = { realm: 'app', tab: 'tab1', agent: 'test', tickets: true, explains: true, queue: { requests: 3, bytes: 100 } };

/** The options of every SUBSCRIBE that begins now. */
export const asked = { _positions: true };

/** A machine under test, with its state and the outputs of the last input. */
export class Conversation {
  state: State;
  outputs: readonly Output[] = [];

  constructor(changes: Partial<Config> = {}) {
    this.state = initial({ ...config, ...changes });
  }

  put(...inputs: Input[]): this {
    for (const input of inputs) [this.state, this.outputs] = step(this.state, input);
    return this;
  }

  /** The router sends messages on the current socket. */
  hears(...messages: Message[]): this {
    const { attempt } = this.state;
    return this.put(...messages.map((message): Input => ({ type: 'received', attempt, message })));
  }

  socketOpens(): this {
    return this.put({ type: 'opened', attempt: this.state.attempt });
  }

  socketCloses(): this {
    return this.put({ type: 'lost', attempt: this.state.attempt });
  }

  ticketComes(ticket = 'secret'): this {
    return this.put({ type: 'ticket', attempt: this.state.attempt, ticket });
  }

  /** Takes an idle or waiting connection to WELCOME. */
  opens(session = 7): this {
    if (this.state.phase.name === 'idle') this.put({ type: 'start' });
    if (this.state.phase.name === 'waiting') this.put({ type: 'elapsed', timer: 'retry' });
    return this.socketOpens().ticketComes().hears([Code.challenge, 'ticket', {}], [Code.welcome, session, welcome]);
  }

  subscribes(uri: string, match: 'exact' | 'prefix' | 'wildcard' = 'exact'): this {
    return this.put({ type: 'want', key: uri, kind: 'subscription', uri, match });
  }

  calls(token: number, uri = 'add'): this {
    return this.put({ type: 'request', request: { token, kind: 'call', uri, options: {}, payload: { args: [1], kwargs: {} }, bytes: 10, repeat: false } });
  }

  get phase(): string {
    return this.state.phase.name;
  }

  get sent(): readonly Message[] {
    return this.outputs.flatMap((output) => (output.type === 'send' ? [output.message] : []));
  }

  get types(): readonly string[] {
    return this.outputs.map(({ type }) => type);
  }

  output<T extends Output['type']>(type: T): Extract<Output, { type: T }> | undefined {
    return this.outputs.find((output): output is Extract<Output, { type: T }> => output.type === type);
  }
}

export const welcome = {
  roles: { broker: {}, dealer: {} },
  authid: 'ann',
  authrole: 'staff',
  authextra: { name: 'Ann Abel', roles: ['staff', 'operator'], tenant: 'north' },
};
