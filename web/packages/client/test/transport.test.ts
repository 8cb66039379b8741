import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../src/connection.js';
import { Code, type Message } from '../src/messages.js';
import type { Transport, TransportEvents } from '../src/transport.js';
import { settled } from './socket.js';

/** A transport whose other end is the test. */
class Line implements Transport {
  static all: Line[] = [];
  readonly sent: Message[] = [];
  closed = false;
  readonly address: URL;
  readonly events: TransportEvents;

  constructor(address: URL, events: TransportEvents) {
    this.address = address;
    this.events = events;
    Line.all.push(this);
  }

  static dial = (address: URL, events: TransportEvents): Line => new Line(address, events);
  send = (message: Message): void => void this.sent.push(message);
  close = (): void => void (this.closed = true);
}

describe('a transport of the page\'s own', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    Line.all = [];
  });
  afterEach(() => void vi.useRealTimers());

  it('carries a session, and each attempt opens another', async () => {
    const connection = connect({ url: 'https://site.test/ws', tab: 'tab1', transport: Line.dial });
    await settled();
    const [first] = Line.all;
    expect(first!.address.href).toBe('wss://site.test/ws');
    first!.events.opened();
    expect(first!.sent[0]?.slice(0, 2)).toEqual([Code.hello, 'app']);
    first!.events.received([Code.welcome, 7, { roles: {} }]);
    expect(connection.state.name).toBe('open');
    first!.events.lost();
    vi.advanceTimersByTime(1000);
    expect(Line.all).toHaveLength(2);
    first!.events.received([Code.event, 1, 1, {}]);
    expect(connection.state.name).toBe('connecting');
  });

  it('is closed after GOODBYE', async () => {
    const connection = connect({ url: 'ws://site.test/ws', tab: 'tab1', transport: Line.dial });
    await settled();
    const [line] = Line.all;
    line!.events.opened();
    line!.events.received([Code.welcome, 7, { roles: {} }]);
    connection.close();
    expect(line!.sent.at(-1)?.[0]).toBe(Code.goodbye);
    expect(line!.closed).toBe(false);
    line!.events.received([Code.goodbye, {}, 'wamp.close.goodbye_and_out']);
    expect(line!.closed).toBe(true);
  });
});
