import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Connection } from '../src/connection.js';
import { Code } from '../src/messages.js';
import { Socket, settled } from './socket.js';

/** A browser's window, document and network, of which the test sends the events. */
class Page {
  readonly window = new EventTarget();
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  readonly connection = new EventTarget();

  constructor() {
    vi.stubGlobal('addEventListener', this.window.addEventListener.bind(this.window));
    vi.stubGlobal('removeEventListener', this.window.removeEventListener.bind(this.window));
    vi.stubGlobal('document', this.document);
    vi.stubGlobal('navigator', { connection: this.connection });
  }

  show(visibilityState: 'visible' | 'hidden'): void {
    this.document.visibilityState = visibilityState;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }

  transition(name: 'pagehide' | 'pageshow', persisted = true): void {
    this.window.dispatchEvent(Object.assign(new Event(name), { persisted }));
  }
}

let page: Page;
beforeEach(() => {
  vi.useFakeTimers();
  page = new Page();
  Socket.install();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function started(): Promise<Connection> {
  const connection = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab1' });
  await settled();
  return connection;
}

async function opened(): Promise<Connection> {
  const connection = await started();
  await Socket.last.admits();
  return connection;
}

const wakes: [string, () => void][] = [
  ['is shown', () => page.show('visible')],
  ['is thawed', () => page.document.dispatchEvent(new Event('resume'))],
  ['comes out of the back/forward cache', () => page.transition('pageshow')],
  ['is online', () => page.window.dispatchEvent(new Event('online'))],
  ['has another network', () => page.connection.dispatchEvent(new Event('change'))],
];

describe('a page that', () => {
  it.each(wakes)('%s asks at once whether its connection works', async (_name, wake) => {
    const connection = await opened();
    Socket.last.silent = true;
    wake();
    expect(Socket.last.pings).toBe(1);
    vi.advanceTimersByTime(5_000);
    expect(Socket.all).toHaveLength(2);
    await Socket.last.admits();
    expect(connection.state.name).toBe('open');
  });

  it.each(wakes)('%s connects at once instead of waiting', async (_name, wake) => {
    const connection = await opened();
    Socket.last.onclose?.();
    expect(connection.state.name).toBe('waiting');
    wake();
    expect(connection.state.name).toBe('connecting');
  });

  it('is offline finds that its connection is dead', async () => {
    await opened();
    Socket.last.silent = true;
    page.window.dispatchEvent(new Event('offline'));
    vi.advanceTimersByTime(5_000);
    expect(Socket.all[0]!.closed).toBe(true);
  });

  it('is hidden, or shown for the first time, asks nothing', async () => {
    await opened();
    page.show('hidden');
    page.transition('pageshow', false);
    expect(Socket.last.pings).toBe(0);
  });

  it('changes its network while it connects begins anew', async () => {
    const connection = await started();
    page.connection.dispatchEvent(new Event('change'));
    expect(Socket.all.map(({ closed }) => closed)).toEqual([true, false]);
    await Socket.last.admits();
    expect(connection.state.name).toBe('open');
  });

  it.each([
    ['is left', () => page.transition('pagehide'), () => page.transition('pageshow')],
    ['is frozen', () => page.document.dispatchEvent(new Event('freeze')), () => page.document.dispatchEvent(new Event('resume'))],
  ])('%s says goodbye, stays without a connection, and is open again afterwards', async (_name, leave, back) => {
    const connection = await opened();
    leave();
    expect(Socket.last.sent.at(-1)).toEqual([Code.goodbye, {}, 'wamp.close.close_realm']);
    expect(Socket.last.closed).toBe(true);
    vi.advanceTimersByTime(3_600_000);
    expect(Socket.all).toHaveLength(1);
    back();
    await Socket.last.admits();
    expect(connection.state.name).toBe('open');
    expect(Socket.all).toHaveLength(2);
  });

  it('is left while it waits does not connect', async () => {
    await opened();
    Socket.last.onclose?.();
    page.transition('pagehide');
    vi.advanceTimersByTime(60_000);
    expect(Socket.all).toHaveLength(1);
  });

  it('has closed its connection hears nothing more', async () => {
    const connection = await opened();
    connection.close();
    Socket.last.onclose?.();
    for (const [, wake] of wakes) wake();
    page.transition('pagehide');
    expect(Socket.all).toHaveLength(1);
    expect(connection.state.name).toBe('closed');
  });
});
