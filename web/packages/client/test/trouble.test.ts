/** What a page and its developer are told of what goes wrong. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Connection } from '../src/connection.js';
import { watchContent } from '../src/content.js';
import { Code } from '../src/messages.js';
import type { Options } from '../src/options.js';
import { enterPresence } from '../src/presence.js';
import type { TidingsError } from '../src/trouble.js';
import { Socket, settled } from './socket.js';

let lines: string[];
let errors: TidingsError[];

beforeEach(() => {
  vi.useFakeTimers();
  Socket.install();
  [lines, errors] = [[], []];
  for (const level of ['log', 'warn', 'error'] as const) vi.spyOn(console, level).mockImplementation((line) => void lines.push(`${level}: ${line}`));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function begin(options: Partial<Options> = {}): Promise<Connection> {
  const connection = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab1', share: false, onError: (error) => errors.push(error), ...options });
  await settled();
  return connection;
}

async function opened(options: Partial<Options> = {}): Promise<Connection> {
  const connection = await begin(options);
  await Socket.last.admits();
  return connection;
}

/** Waits until the console has so many lines: the module that prints is loaded first. */
const printed = (count: number): Promise<void> => vi.waitFor(() => expect(lines).toHaveLength(count));

describe('a connection that the server refuses', () => {
  it('has its reason in the state, in onError and, once, in the console', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ reason: 'origin', status: 403 }, { status: 403, headers: { 'Content-Type': 'application/problem+json' } }));
    const connection = await begin();
    Socket.last.onclose?.();
    expect(connection.state).toMatchObject({ name: 'waiting', reason: 'unopened' });
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(1);
      expect(connection.state).toMatchObject({ name: 'waiting', reason: 'origin', status: 403 });
    });
    await printed(1);
    expect(lines[0]).toMatch(/^error: tidings: the server at ws:\/\/site\.test\/ws refuses pages of .*: add ".*" to origins in its tidings\.yaml$/);
    const sockets = Socket.all.length;
    vi.advanceTimersByTime(55_000);
    expect(Socket.all).toHaveLength(sockets); // it does not hammer
    vi.advanceTimersByTime(25_000);
    expect(Socket.all).toHaveLength(sockets + 1);
    Socket.last.onclose?.();
    await settled();
    expect(errors.map(({ kind, reason, status }) => [kind, reason, status])).toEqual([['connection', 'origin', 403]]);
    expect(lines).toHaveLength(1);
  });
});

describe('a server that is down', () => {
  it('is named, although the module that asks why comes from there', async () => {
    vi.doMock('../src/explain.js', () => { throw new Error('it cannot be loaded'); });
    try {
      const connection = await begin();
      Socket.last.onclose?.();
      await vi.waitFor(() => expect(connection.state).toMatchObject({
        name: 'waiting', reason: 'unreachable', message: 'nothing answers at site.test: does the server run, and is the address right?',
      }));
    } finally {
      vi.doUnmock('../src/explain.js');
    }
  });
});

describe('a ticket callback', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['throws', () => { throw new Error('down'); }, /has thrown: down/],
    ['rejects', () => Promise.reject(new Error('down')), /has thrown: down/],
    ['parses HTML', async () => JSON.parse('<html>'), /is not JSON/],
    ['gives undefined', async () => undefined, /undefined instead of a text/],
    ['gives an empty text', async () => '', /an empty text/],
    ['gives HTML', async () => '<!doctype html>', /has given HTML/],
    ['gives an answer of 404', async () => new Response('', { status: 404 }), /has answered 404/],
  ])('that %s is told of, and asked again later', async (_name, ticket, message) => {
    let calls = 0;
    const connection = await begin({ ticket: (() => (calls++, ticket())) as () => Promise<string> });
    Socket.last.onopen?.();
    await vi.waitFor(() => expect(connection.state).toMatchObject({ name: 'waiting', reason: 'no_ticket', message: expect.stringMatching(message) }));
    await printed(1);
    expect(errors).toMatchObject([{ kind: 'ticket', reason: 'no_ticket', message: expect.stringMatching(message) }]);
    expect(lines[0]).toMatch(/^error: tidings: /);
    vi.advanceTimersByTime(1000);
    Socket.last.onopen?.();
    await vi.waitFor(() => expect(errors).toHaveLength(2));
    expect([calls, lines.length]).toEqual([2, 1]);
  });

  it('that is no function is told of', async () => {
    await begin({ ticket: 'eyJ' as unknown as () => Promise<string> });
    Socket.last.onopen?.();
    await vi.waitFor(() => expect(errors).toMatchObject([{ kind: 'ticket', message: expect.stringMatching(/^the option ticket is a string, and must be a function/) }]));
  });

  it('that never answers is given up after its time, and its request is aborted', async () => {
    let signal: AbortSignal | undefined;
    const connection = await begin({ ticketTimeout: 5000, ticket: (request) => new Promise(() => (signal = request.signal)) });
    Socket.last.onopen?.();
    await settled();
    vi.advanceTimersByTime(5000);
    await vi.waitFor(() => expect(connection.state).toMatchObject({ name: 'waiting', reason: 'no_ticket', message: 'the ticket callback has not answered in 5 s (ticketTimeout)' }));
    expect(signal?.aborted).toBe(true);
  });

  it('that fails when a session is renewed is told of', async () => {
    let tickets = 0;
    await begin({ ticket: async () => (tickets++ === 0 ? 'secret' : '') });
    Socket.last.onopen?.();
    await settled();
    Socket.last.sends([Code.challenge, 'ticket', {}], [Code.welcome, 7, { roles: {}, _session_ends_in: 8 }]);
    vi.advanceTimersByTime(6000);
    await vi.waitFor(() => expect(errors).toMatchObject([{ kind: 'ticket', message: 'the session is not renewed: the ticket callback has given an empty text' }]));
  });
});

describe('a refusal', () => {
  it('of a subscription, registration or presence is printed once, and told of each time', async () => {
    const connection = await opened();
    connection.subscribe('order.1', () => undefined);
    connection.register('page.add', () => undefined);
    enterPresence(connection, 'order.2', 'view', { changed: () => undefined });
    const deny = (of: number, request: number): void => Socket.last.sends([Code.error, of, request, {}, 'wamp.error.not_authorized', ['not yours']]);
    deny(Code.subscribe, 1);
    deny(Code.register, 2);
    deny(Code.call, 4);
    await printed(3);
    expect(lines).toEqual([
      'error: tidings: subscription of order.1 refused: not yours', 'error: tidings: registration of page.add refused: not yours',
      'error: tidings: presence of order.2 refused: not yours',
    ]);
    expect(errors.map(({ kind, uri, reason, failure }) => [kind, uri, reason, failure?.message])).toEqual([
      ['subscription', 'order.1', 'wamp.error.not_authorized', 'not yours'], ['registration', 'page.add', 'wamp.error.not_authorized', 'not yours'],
      ['presence', 'order.2', 'wamp.error.not_authorized', 'not yours'],
    ]);
    Socket.last.onclose?.();
    vi.advanceTimersByTime(1000);
    await Socket.last.admits();
    deny(Code.subscribe, 1);
    await printed(4); // the lost connection
    expect(errors.at(-1)).toMatchObject({ kind: 'subscription', uri: 'order.1' });
    expect(lines[3]).toBe('warn: tidings: the connection was lost');
  });

  it('of a session is told of', async () => {
    await begin();
    Socket.last.onopen?.();
    Socket.last.sends([Code.abort, { message: 'there is no realm "apq"' }, 'wamp.error.no_such_realm']);
    await printed(1);
    expect(lines).toEqual(['error: tidings: not connected: there is no realm "apq"']);
    expect(errors).toMatchObject([{ kind: 'connection', reason: 'wamp.error.no_such_realm' }]);
  });

  it('reaches ready of a watch', async () => {
    const connection = await opened();
    const ready = vi.fn();
    watchContent(connection, ['order.1', 'order.2'], { changed: () => undefined, ready });
    Socket.last.sends([Code.subscribed, 1, 11], [Code.error, Code.subscribe, 2, {}, 'wamp.error.not_authorized', ['not yours']]);
    expect(ready.mock.calls).toEqual([[{ refused: [{ tag: 'order.2', failure: expect.objectContaining({ message: 'not yours' }) }] }]]);
    await printed(1);
    expect(lines).toEqual(['error: tidings: subscription of tidings.content.order.2 refused: not yours']);
  });
});

describe('the console', () => {
  it('is not used by a page that is quiet, whose onError may fail', async () => {
    const connection = await opened({ quiet: true, onError: (error) => (errors.push(error), undefined) });
    Socket.last.onclose?.();
    await settled();
    expect([connection.state.name, errors.length, lines]).toEqual(['waiting', 1, []]);
  });

  it('tells of a lost connection again after a session that has lasted', async () => {
    await opened();
    const lose = async (): Promise<void> => {
      Socket.last.onclose?.();
      vi.advanceTimersByTime(2000);
      await Socket.last.admits();
    };
    await lose();
    await lose();
    await printed(1);
    vi.advanceTimersByTime(10_000);
    await lose();
    await printed(2);
  });

  it('has the conversation if the page asks for it, without tickets', async () => {
    const connection = await opened({ debug: true });
    void connection.publish('chat.room', { args: ['hello'] });
    await vi.waitFor(() => expect(lines.join('\n')).toContain('-> [16,'));
    expect(lines.slice(0, 2)).toEqual(['log: tidings: connecting to ws://site.test/ws, attempt 1', 'log: tidings: connecting']);
    expect(lines.join('\n')).toMatch(/-> \[1,"app",[^]*<- \[4,"ticket",\{\}\][^]*-> \[5,"\(hidden\)",\{\}\][^]*<- \[2,7,[^]*tidings: open/);
    expect(lines.join('\n')).not.toContain('secret');
    connection.close();
    await connection.publish('chat.room', { args: ['late'] });
    await vi.waitFor(() => expect(lines.at(-1)).toBe('log: tidings: not connected: the publication to chat.room is dropped'));
  });
});
