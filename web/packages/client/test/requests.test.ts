import { describe, expect, it } from 'vitest';
import { Code } from '../src/messages.js';
import { Conversation } from './conversation.js';

const payload = { args: [], kwargs: { a: 1 } };

describe('calls', () => {
  it('are sent and settled by their result', () => {
    const it = new Conversation().opens().calls(1);
    expect(it.sent).toEqual([[Code.call, 1, {}, 'add', [1]]]);
    it.hears([Code.result, 1, {}, [2], { b: 3 }]);
    expect(it.outputs).toEqual([{ type: 'settled', token: 1, result: { args: [2], kwargs: { b: 3 } }, publication: null }]);
    expect(it.hears([Code.result, 1, {}]).outputs).toEqual([]);
  });

  it('fail with the URI and message of ERROR', () => {
    const it = new Conversation().opens().calls(1).hears([Code.error, Code.call, 1, {}, 'com.example.no', [], { message: 'not today' }]);
    expect(it.output('failed')).toMatchObject({ token: 1, failure: { uri: 'com.example.no', message: 'not today' } });
  });

  it('wait for a session, and are then sent in order', () => {
    const it = new Conversation().calls(1, 'a').calls(2, 'b');
    expect(it.sent).toEqual([]);
    expect(it.opens().sent).toEqual([[Code.call, 1, {}, 'a', [1]], [Code.call, 2, {}, 'b', [1]]]);
  });

  it('that were sent fail with the connection; unsent calls wait for the next session', () => {
    const it = new Conversation().opens().calls(1).socketCloses();
    expect(it.output('failed')).toMatchObject({ token: 1, failure: { uri: 'wamp.error.network_failure' } });
    expect(it.calls(2).outputs).toEqual([]);
    expect(it.socketCloses().outputs).toEqual([]);
    expect(it.opens().sent).toEqual([[Code.call, 1, {}, 'add', [1]]]);
  });

  it.each([['sent', true], ['not sent', false]])('that were %s fail after their timeout, and a late answer is ignored', (_name, sent) => {
    const it = new Conversation();
    if (sent) it.opens();
    it.calls(1).put({ type: 'expired', token: 1 });
    expect(it.output('failed')?.failure.uri).toBe('wamp.error.timeout');
    expect(it.put({ type: 'expired', token: 1 }).outputs).toEqual([]);
    if (!sent) it.opens();
    expect(it.hears([Code.result, 1, {}]).outputs).toEqual([]);
    expect(it.hears([Code.error, Code.call, 1, {}, 'x']).outputs).toEqual([]);
  });

  it('fail at once when there will be no session', () => {
    expect(new Conversation().put({ type: 'close' }).calls(1).types).toEqual(['failed']);
    expect(new Conversation().calls(1).put({ type: 'close' }).types).toContain('failed');
    expect(new Conversation().opens().calls(1).put({ type: 'close' }).types).toContain('failed');
  });

  it('fail when the router refuses the page', () => {
    const it = new Conversation().calls(1).put({ type: 'start' }).socketOpens().hears([Code.abort, {}, 'wamp.error.no_such_realm']);
    expect(it.output('failed')?.token).toBe(1);
    expect(it.calls(2).types).toEqual(['failed']);
  });
});

describe('publications', () => {
  const publish = { type: 'request', request: { token: 1, kind: 'publish', uri: 't', options: { acknowledge: true }, payload, bytes: 10, repeat: false } } as const;

  it('that are acknowledged settle with the publication', () => {
    const it = new Conversation().opens().put(publish);
    expect(it.sent).toEqual([[Code.publish, 1, { acknowledge: true }, 't', [], { a: 1 }]]);
    expect(it.hears([Code.published, 1, 99]).output('settled')).toMatchObject({ token: 1, publication: 99 });
  });

  it('that are refused fail', () => {
    const it = new Conversation().opens().put(publish).hears([Code.error, Code.publish, 1, {}, 'wamp.error.not_authorized']);
    expect(it.output('failed')?.failure.uri).toBe('wamp.error.not_authorized');
  });

  it('that are not acknowledged are sent in a session and dropped without one', () => {
    const publication = { type: 'publish', uri: 't', options: {}, payload } as const;
    expect(new Conversation().put(publication).opens().sent).toEqual([]);
    expect(new Conversation().opens().put(publication).sent).toEqual([[Code.publish, 1, {}, 't', [], { a: 1 }]]);
  });
});

describe('request ids', () => {
  it('count by one over all kinds of requests, and restart in each session', () => {
    const it = new Conversation().opens().subscribes('a').calls(1).put({ type: 'publish', uri: 't', options: {}, payload });
    expect(it.sent[0]?.[1]).toBe(3);
    expect(it.socketCloses().opens().sent[0]?.[1]).toBe(1);
  });
});
