import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Code } from '../../client/src/messages.js';
import { settled, Socket } from '../../client/test/socket.js';
import Wamp, { type ChannelGap, type Loss, type Options } from '../src/oro.js';

const page = { cookie: 'a=1; _csrf=for%20http; https-_csrf=for-https' };
let heard: unknown[][];
let console_: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  vi.useFakeTimers();
  Socket.install();
  vi.stubGlobal('location', new URL('http://crm.test/orders'));
  vi.stubGlobal('document', Object.assign(new EventTarget(), page));
  console_ = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  heard = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function service(options: Partial<Options> = {}): Wamp {
  const made = new Wamp({ host: 'ws.test', port: 8080, path: 'ws', fetchTicket: async () => 'ticket', quiet: true, ...options });
  return made.on('all', (name, ...args) => heard.push([name, ...args]));
}

async function opened(options: Partial<Options> = {}): Promise<Wamp> {
  const made = service(options);
  await settled();
  await Socket.last.admits();
  return made;
}

/** Lets the page log in, and returns its ticket. */
async function logsIn(): Promise<unknown> {
  Socket.last.onopen?.();
  Socket.last.sends([Code.challenge, 'ticket', {}]);
  await vi.waitFor(() => expect(sent(Code.authenticate).length).toBe(1));
  Socket.last.sends([Code.welcome, 7, { roles: { broker: {}, dealer: {} }, authid: 'ann', authrole: 'staff' }]);
  return sent(Code.authenticate)[0]![1];
}

/** Lets time pass until the page opens another socket. */
async function nextSocket(): Promise<void> {
  const before = Socket.all.length;
  for (let seconds = 0; Socket.all.length === before; seconds++) {
    if (seconds > 30) throw new Error('the page does not connect again');
    await vi.advanceTimersByTimeAsync(1000);
  }
}

const sent = (code: number) => Socket.last.sent.filter(([one]) => one === code);
const names = () => heard.map(([name]) => name);

/** The server grants the subscription to the channel, which is kept or not, and returns its id. */
function grants(channel: string, details: object = {}): number {
  const request = sent(Code.subscribe).filter((message) => message[3] === channel).at(-1)![1] as number;
  Socket.last.sends([Code.subscribed, request, 100 + request, details]);
  return 100 + request;
}

describe('the address', () => {
  it.each([
    [{ host: 'ws.test', port: 8080, path: 'ws' }, 'ws://ws.test:8080/ws'],
    [{ host: 'ws.test', port: '8443', path: '/ws/', secure: true }, 'wss://ws.test:8443/ws'],
    [{ host: '*', port: 8080, path: '' }, 'ws://crm.test:8080/'],
    [{ host: 'ws.test', secure: 'true' }, 'wss://ws.test/'],
    [{ host: 'ws.test', secure: 'false', path: 'a/b' }, 'ws://ws.test/a/b'],
    [{ host: 'ws.test', port: 80, secure: '' }, 'ws://ws.test/'],
  ])('of %j is %s', async (options, address) => {
    new Wamp({ quiet: true, ...options });
    await settled();
    expect(Socket.last.url).toBe(address);
    expect(Socket.last.protocol).toBe('wamp.2.json');
  });

  it('needs a host', () => {
    expect(() => new Wamp({ host: '' })).toThrow('the option host is required');
  });
});

describe('channels', () => {
  it('are subscribed to when the connection is open, once for all callbacks, and each callback gets the payload alone', async () => {
    const wamp = service();
    const [one, other] = [vi.fn(), vi.fn()];
    wamp.subscribe('oro/data/update', one);
    wamp.subscribe('oro/data/update', other);
    await settled();
    expect(Socket.last.sent).toEqual([]);
    await Socket.last.admits();
    expect(sent(Code.subscribe).map(([, , , topic]) => topic)).toEqual(['oro/data/update']);
    const tags = [{ username: 'anna', tagname: 'User_3' }];
    Socket.last.sends([Code.event, grants('oro/data/update'), 1, {}, [tags]]);
    expect([one.mock.calls, other.mock.calls]).toEqual([[[tags]], [[tags]]]);
  });

  it.each<[string, unknown[], unknown]>([
    ['one argument', [['text']], 'text'],
    ['an empty text', [['']], ''],
    ['a list', [[[1, 2]]], [1, 2]],
    ['several arguments', [[1, 2]], [1, 2]],
    ['keyword arguments', [[], { isOn: true, userId: null }], { isOn: true, userId: null }],
    ['both', [[1], { a: 2 }], { args: [1], kwargs: { a: 2 } }],
    ['nothing', [], null],
  ])('give %s as version 1 does', async (_, payload, value) => {
    const wamp = await opened();
    const callback = vi.fn();
    wamp.subscribe('oro/maintenance', callback);
    Socket.last.sends([Code.event, grants('oro/maintenance'), 1, {}, ...payload]);
    expect(callback.mock.calls).toEqual([[value]]);
  });

  it('call the other callbacks if one fails', async () => {
    const wamp = await opened();
    const callback = vi.fn();
    wamp.subscribe('oro/ping', () => { throw new Error('broken'); });
    wamp.subscribe('oro/ping', callback);
    Socket.last.sends([Code.event, grants('oro/ping'), 1, {}, ['Connection keep alive']]);
    expect(callback).toHaveBeenCalledWith('Connection keep alive');
    expect(console_).toHaveBeenCalledWith('tidings: a callback of oro/ping has failed:', new Error('broken'));
  });

  it.each([
    ['the callback', 'one', ['other'], 0],
    ['without a callback', 'none', [], 1],
    ['with another function, as some pages of Oro do', 'foreign', [], 1],
  ])('are unsubscribed from: %s', async (_, which, left, unsubscribes) => {
    const wamp = await opened();
    const callbacks = { one: () => called.push('one'), other: () => called.push('other'), foreign: () => undefined, none: undefined };
    const called: string[] = [];
    wamp.subscribe('oro/ping', callbacks.one);
    wamp.subscribe('oro/ping', callbacks.other);
    wamp.subscribe('oro/ping', callbacks.one);
    const id = grants('oro/ping');
    wamp.unsubscribe('oro/ping', callbacks[which as keyof typeof callbacks]);
    wamp.unsubscribe('oro/unknown');
    if (unsubscribes === 0) Socket.last.sends([Code.event, id, 1, {}, ['x']]);
    expect([called, sent(Code.unsubscribe).length]).toEqual([left, unsubscribes]);
  });

  it('are subscribed to anew after the last callback has gone', async () => {
    const wamp = await opened();
    wamp.subscribe('oro/ping', () => undefined);
    grants('oro/ping');
    wamp.unsubscribe('oro/ping');
    const [, request] = sent(Code.unsubscribe)[0]!;
    Socket.last.sends([Code.unsubscribed, request]);
    const callback = vi.fn();
    wamp.subscribe('oro/ping', callback);
    Socket.last.sends([Code.event, grants('oro/ping'), 1, {}, ['x']]);
    expect([callback.mock.calls.length, sent(Code.subscribe).length]).toEqual([1, 2]);
  });

  it('take functions only', () => {
    expect(() => service().subscribe('oro/ping', undefined as never)).toThrow(new TypeError('the callback of oro/ping is not a function'));
  });

  it('resume at the last event of a kept channel, and tell of a gap', async () => {
    const wamp = await opened();
    wamp.subscribe('oro/data/update', () => undefined);
    Socket.last.sends([Code.event, grants('oro/data/update', { _epoch: 'e', _seq: 4 }), 1, { _epoch: 'e', _seq: 5, _prev: 4 }, [[]]]);
    Socket.last.onclose?.();
    await vi.advanceTimersByTimeAsync(1000);
    await Socket.last.admits(8);
    expect(sent(Code.subscribe)[0]![2]).toMatchObject({ _since: { _epoch: 'e', _seq: 5 } });
    expect(sent(Code.subscribe).length).toBe(1);
    grants('oro/data/update', { _epoch: 'e', _seq: 9, _gap: true, _oldest: 8 });
    expect(heard.slice(1)).toEqual([['gap', { channel: 'oro/data/update', kept: true } satisfies ChannelGap]]);
  });
});

describe('a gap', () => {
  /** Ends the connection, and has the page back after a while, on a server that keeps nothing. */
  async function awayFor(ms: number, options: Partial<Options>, leave = () => Socket.last.onclose?.()): Promise<string[]> {
    const wamp = await opened(options);
    const channels = ['oro/data/update', 'oro/maintenance', 'oro/ping', 'oro/reminder_remind/3', 'acme/own'];
    for (const channel of channels) wamp.subscribe(channel, () => undefined);
    for (const channel of channels) grants(channel);
    leave();
    vi.setSystemTime(Date.now() + ms);
    wamp.connect();
    await settled();
    await Socket.last.admits(8);
    for (const channel of channels) grants(channel);
    return heard.filter(([name]) => name === 'gap').map(([, gap]) => (gap as ChannelGap).channel);
  }

  const others = ['oro/reminder_remind/3', 'acme/own'];
  const all = ['oro/data/update', 'oro/maintenance', 'oro/ping', ...others];

  it.each<[string, number, Partial<Options>, string[]]>([
    ['of channels whose events the server tells later is none, after a short loss', 300, {}, others],
    ['is told of all channels after a long one', 600_000, {}, all],
    ['is told of all after the time of the page', 5_000, { missedFor: 5_000 }, all],
    ['is told of all where the server has no section oro', 300, { missedFor: 0 }, all],
  ])('%s', async (_, ms, options, expected) => {
    expect(await awayFor(ms, options)).toEqual(expected);
  });

  it('is told of all channels when the page comes back from the cache of the browser', async () => {
    const listeners = new EventTarget();
    vi.stubGlobal('addEventListener', listeners.addEventListener.bind(listeners));
    expect(await awayFor(300, {}, () => void listeners.dispatchEvent(new Event('pagehide')))).toEqual(all);
  });
});

describe('the connection', () => {
  it('is established once, and a short loss is no event', async () => {
    await opened();
    Socket.last.onclose?.();
    await vi.advanceTimersByTimeAsync(1000);
    await Socket.last.admits(8);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(heard).toEqual([['connection_established']]);
  });

  it('is lost after the patience, once, and established when it is back', async () => {
    await opened();
    Socket.last.onclose?.();
    for (let tries = 0; tries < 5; tries++) { // they are 15 to 31 s in all
      await nextSocket();
      Socket.last.onopen?.();
      Socket.last.onclose?.();
    }
    expect(names()).toEqual(['connection_established', 'connection_lost']);
    const loss = heard[1]![1] as Loss;
    expect(loss).toMatchObject({ code: 2, retryDelay: loss.delay });
    expect(loss.retries).toBeGreaterThan(1);
    await nextSocket();
    await Socket.last.admits(8);
    expect(names()).toEqual(['connection_established', 'connection_lost', 'connection_established']);
  });

  it('is lost at once without patience, with the time of the next try', async () => {
    await opened({ keepReconnectTimeout: 0 });
    Socket.last.onclose?.();
    const loss = heard[1]![1] as Loss;
    expect(loss).toMatchObject({ code: 2, reason: 'lost', message: 'the connection was lost', retries: 1 });
    expect(loss.delay).toBeGreaterThanOrEqual(500);
    expect(loss.delay).toBeLessThanOrEqual(1000);
  });

  it('that was never there is lost with code 3', async () => {
    service({ keepReconnectTimeout: 0 });
    await settled();
    Socket.last.onclose?.();
    expect(heard).toEqual([['connection_lost', expect.objectContaining({ code: 3, reason: 'unopened' })]]);
  });

  it('is lost with code 4 if there is no ticket', async () => {
    service({ keepReconnectTimeout: 0, fetchTicket: async () => { throw new Error('/sync/ticket has answered 503 in place of a ticket'); } });
    await settled();
    Socket.last.onopen?.();
    await vi.waitFor(() => expect(heard.length).toBe(1));
    expect(heard[0]).toEqual(['connection_lost', expect.objectContaining({ code: 4, reason: 'no_ticket' })]);
    expect((heard[0]![1] as Loss).message).toContain('503');
  });

  it('that the server refuses is lost at once, and is tried again after a minute, then after two', async () => {
    service();
    const refuse = async () => {
      for (let tickets = 0; tickets < 2; tickets++) { // the first one may have expired
        Socket.last.onopen?.();
        await settled();
        Socket.last.sends([Code.challenge, 'ticket', {}], [Code.abort, { message: 'the user is disabled' }, 'wamp.error.authentication_denied']);
        if (tickets === 0) await vi.advanceTimersByTimeAsync(1000);
      }
    };
    await settled();
    await refuse();
    expect(heard).toEqual([['connection_lost', {
      code: 4, reason: 'wamp.error.authentication_denied', message: 'the user is disabled', retries: 1, delay: 60_000, retryDelay: 60_000,
    }]]);
    const before = Socket.all.length;
    await vi.advanceTimersByTimeAsync(59_000);
    expect(Socket.all.length).toBe(before);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(Socket.all.length).toBe(before + 1);
    await refuse();
    const again = Socket.all.length;
    await vi.advanceTimersByTimeAsync(119_000);
    expect(Socket.all.length).toBe(again);
    await vi.advanceTimersByTimeAsync(1_500);
    expect([Socket.all.length, names()]).toEqual([again + 1, ['connection_lost']]);
  });

  it('is opened at once by connect, and a page has one connection however often that is called', async () => {
    const wamp = await opened();
    wamp.connect();
    expect(Socket.all.length).toBe(1);
    Socket.last.onclose?.();
    wamp.connect();
    wamp.connect();
    expect(Socket.all.length).toBe(2);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(Socket.all.length).toBe(2);
  });

  it('is no loss while the page is in the cache of the browser', async () => {
    const listeners = new EventTarget();
    vi.stubGlobal('addEventListener', listeners.addEventListener.bind(listeners));
    await opened({ keepReconnectTimeout: 0 });
    listeners.dispatchEvent(new Event('pagehide'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect([Socket.last.closed, names()]).toEqual([true, ['connection_established']]);
  });
});

describe('tickets', () => {
  const requests: { url: string; init: RequestInit }[] = [];
  function answers(...responses: Response[]): void {
    requests.length = 0;
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      if (url !== '/sync/ticket') throw new TypeError('there is no network in a test'); // why a connection did not open
      requests.push({ url, init });
      return responses.shift() ?? new Response('{}', { status: 500 });
    });
  }
  const ticket = (value: string) => new Response(JSON.stringify({ ticket: value }));
  const options = { fetchTicket: undefined as never, syncTicketUrl: '/sync/ticket' };

  it('are fetched with the CSRF token, and anew for each login', async () => {
    answers(ticket('first'), ticket('second'));
    service(options);
    await settled();
    expect(await logsIn()).toBe('first');
    Socket.last.onclose?.();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await logsIn()).toBe('second');
    expect(requests.length).toBe(2);
    const { headers, method, credentials } = requests[0]!.init;
    expect([method, credentials]).toEqual(['POST', 'same-origin']);
    expect(Object.fromEntries(headers as Headers)).toEqual({ accept: 'application/json', 'x-csrf-header': 'for http', 'x-requested-with': 'XMLHttpRequest' });
  });

  it('are fetched with the token of https, and with the headers of the page', async () => {
    vi.stubGlobal('location', new URL('https://crm.test/orders'));
    answers(ticket('first'), ticket('second'));
    let count = 0;
    service({ ...options, headers: () => ({ 'X-Count': String(++count), accept: 'text/plain' }) });
    await settled();
    await logsIn();
    expect(Object.fromEntries(requests[0]!.init.headers as Headers)).toEqual({
      accept: 'text/plain', 'x-csrf-header': 'for-https', 'x-count': '1', 'x-requested-with': 'XMLHttpRequest',
    });
  });

  it('are fetched without a token if the page has none', async () => {
    vi.stubGlobal('document', Object.assign(new EventTarget(), { cookie: '' }));
    answers(ticket('first'));
    service(options);
    await settled();
    await logsIn();
    expect((requests[0]!.init.headers as Headers).has('X-CSRF-Header')).toBe(false);
  });

  it.each([
    ['a status', new Response('no', { status: 503 }), '/sync/ticket has answered 503 in place of a ticket'],
    ['a login page', new Response('<html>', { headers: { 'Content-Type': 'text/html' } }), '/sync/ticket has answered without a ticket'],
    ['another document', new Response('{"token": "x"}'), '/sync/ticket has answered without a ticket'],
  ])('that do not come, with %s, are asked for again', async (_, response, message) => {
    answers(response, ticket('second'));
    service({ ...options, keepReconnectTimeout: 0 });
    await settled();
    Socket.last.onopen?.();
    await vi.waitFor(() => expect(heard.length).toBe(1));
    expect((heard[0]![1] as Loss).message).toContain(message);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await logsIn()).toBe('second');
    expect(names()).toEqual(['connection_lost', 'connection_established']);
  });

  it('are not asked for if the page says no address: it is anonymous', async () => {
    answers();
    service({ fetchTicket: undefined as never });
    await settled();
    Socket.last.onopen?.();
    expect(Socket.last.sent[0]?.[2]).toMatchObject({ authmethods: ['anonymous'] });
    expect(requests).toEqual([]);
  });
});
