import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message } from '../src/messages.js';
import { share } from '../src/share.js';
import { VERSION } from '../src/share/messages.js';
import type { Dial, Transport } from '../src/transport.js';
import { Broadcasts, ChannelSocket, installBrowser, type Locks, settled } from './browser.js';

const address = new URL('wss://server.example/ws');
const key = `tidings ${VERSION} tab wss://server.example/ws `;

/** A page with one transport. */
class Page {
  readonly dial: Dial;
  readonly got: unknown[] = [];
  transport: Transport | null = null;

  constructor(name = '', worker: false | string = false) {
    this.dial = share({ worker, name });
    this.open();
  }

  open(): void {
    this.transport = this.dial(address, {
      opened: () => this.got.push('opened'),
      received: (message) => this.got.push(message),
      lost: () => this.got.push('lost'),
    });
  }

  send(...messages: Message[]): void {
    for (const message of messages) this.transport?.send(message);
  }
}

describe('a page that shares', () => {
  let locks: Locks;

  beforeEach(() => {
    vi.useFakeTimers();
    ({ locks } = installBrowser());
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  async function two(): Promise<[Page, Page]> {
    const pages: [Page, Page] = [new Page(), new Page()];
    await settled();
    ChannelSocket.last.opens();
    await settled();
    return pages;
  }

  it('has a channel of the connection that one of the pages holds', async () => {
    const [first, second] = await two();
    expect(ChannelSocket.all).toHaveLength(1);
    expect([first.got, second.got]).toEqual([['opened'], ['opened']]);
    first.send([1, 'of the first']);
    second.send([1, 'of the second']);
    await settled();
    expect(ChannelSocket.last.sent).toEqual(['1', '[1,"of the first"]', '2', '[1,"of the second"]']);
    ChannelSocket.last.says('1,2', '[36]', '2', '[50]');
    await settled();
    expect([first.got, second.got]).toEqual([['opened', [36]], ['opened', [36], [50]]]);
  });

  it('does not share with pages of another name', async () => {
    const pages = [new Page('ann'), new Page('ben')];
    await settled();
    expect(pages).toHaveLength(ChannelSocket.all.length);
  });

  it('loses its channel with the leader, and connects over the next one', async () => {
    const [first, second] = await two();
    locks.crash(key);
    await settled();
    expect([first.got.at(-1), second.got.at(-1)]).toEqual(['lost', 'lost']);
    second.open();
    await settled();
    expect(ChannelSocket.all).toHaveLength(2);
    ChannelSocket.last.opens();
    await settled();
    expect(second.got).toEqual(['opened', 'lost', 'opened']);
  });

  it('closes the channel of a page that crashes', async () => {
    await two();
    const tab = locks.held.filter((name) => name !== key).at(-1)!;
    locks.crash(tab);
    await settled();
    expect(ChannelSocket.last.sent).toEqual(['-2']);
  });

  it('takes the lock from a leader that does not answer', async () => {
    const [first] = await two();
    const third = new Page();
    Broadcasts.frozen.add(`${key}.hub`);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(ChannelSocket.all).toHaveLength(1);
    Broadcasts.frozen.clear();
    await vi.advanceTimersByTimeAsync(1);
    await settled();
    expect(ChannelSocket.all).toHaveLength(2);
    expect(ChannelSocket.all[0]!.closed).toBe(true);
    expect(first.got).toEqual(['opened', 'lost']);
    ChannelSocket.last.opens();
    await settled();
    expect(third.got).toEqual(['opened']);
  });

  it('connects alone if there is no hub even then', async () => {
    Broadcasts.frozen.add(`${key}.hub`);
    const page = new Page();
    await vi.advanceTimersByTimeAsync(6_100);
    expect(ChannelSocket.last.offered).toBe('wamp.2.json');
    ChannelSocket.last.opens();
    page.send([1, 'app']);
    expect(ChannelSocket.last.sent).toEqual(['[1,"app"]']);
  });

  it.each([
    ['the connection is of another user', 'tidings.error.other_user'],
    ['the connection is full', 'tidings.error.limit_exceeded'],
  ])('connects alone after %s', async (_, reason) => {
    const [, second] = await two();
    ChannelSocket.last.says('2', `[3,{},"${reason}"]`, '-2 1008 text');
    await settled();
    expect(second.got).toEqual(['opened', [3, {}, reason], 'lost']);
    second.open();
    expect(ChannelSocket.last.offered).toBe('wamp.2.json');
  });

  it('connects alone to a server that knows no channels, without another try', async () => {
    ChannelSocket.speaks = 'wamp.2.json';
    const page = new Page();
    await settled();
    ChannelSocket.last.opens();
    await settled();
    expect(ChannelSocket.all.map(({ offered }) => offered)).toEqual([['tidings.channels.wamp.2.json', 'wamp.2.json'], 'wamp.2.json']);
    ChannelSocket.last.opens();
    expect(page.got).toEqual(['opened']);
  });

  it('leads no longer when it has had no channel for a while', async () => {
    const [first, second] = await two();
    first.transport?.close();
    await settled();
    expect(ChannelSocket.last.sent).toEqual(['-1']);
    await vi.advanceTimersByTimeAsync(10_000);
    await settled();
    expect(second.got).toEqual(['opened', 'lost']);
    second.open();
    await settled();
    expect(ChannelSocket.all).toHaveLength(2);
  });

  it('tells the hub what it has handled', async () => {
    const [first] = await two();
    const event = `[36,"${'x'.repeat(1 << 20)}"]`;
    for (let n = 0; n < 8; n++) {
      ChannelSocket.last.says('1', event);
      await settled();
    }
    expect(first.got).toHaveLength(9); // without the reports it would have been closed
  });
});

describe('a page with a SharedWorker', () => {
  /** A worker whose hub is of another version, or whose file is missing. */
  function install(kind: 'old' | 'missing' | 'silent'): void {
    class FakeWorker {
      onerror: (() => void) | null = null;
      readonly port = {
        onmessage: null as ((event: { data: unknown }) => void) | null,
        close: () => undefined,
        postMessage: ({ type, channel }: { type?: string; channel?: string }) => {
          if (kind === 'old' && type === 'open') {
            queueMicrotask(() => this.port.onmessage?.({ data: { type: 'found', channel, hub: 'x', version: '0.0.1' } }));
          }
        },
      };
      constructor() {
        if (kind === 'missing') queueMicrotask(() => this.onerror?.());
      }
    }
    vi.stubGlobal('SharedWorker', FakeWorker);
  }

  beforeEach(() => {
    vi.useFakeTimers();
    installBrowser();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it.each([['old', 0], ['missing', 0], ['silent', 3_000]] as const)('shares over the tabs if the worker is %s', async (kind, later) => {
    install(kind);
    const page = new Page('', '/client/tidings-worker.js');
    await settled();
    await vi.advanceTimersByTimeAsync(later);
    await settled();
    expect(ChannelSocket.all.map(({ offered }) => offered)).toEqual([['tidings.channels.wamp.2.json', 'wamp.2.json']]);
    ChannelSocket.last.opens();
    await settled();
    expect(page.got).toEqual(['opened']);
  });

  it('uses no worker of another origin, which the browser would refuse', async () => {
    install('silent');
    const page = new Page('', 'https://server.example/client/tidings-worker.js');
    await settled();
    ChannelSocket.last.opens();
    await settled();
    expect(page.got).toEqual(['opened']);
  });
});
