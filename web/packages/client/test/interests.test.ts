import { describe, expect, it } from 'vitest';
import { Code, type Message } from '../src/messages.js';
import type { Input } from '../src/state.js';
import { asked, Conversation } from './conversation.js';

describe('subscriptions', () => {
  it('are requested at once in a session, with a match other than exact', () => {
    const it = new Conversation().opens().subscribes('a.b');
    expect(it.sent).toEqual([[Code.subscribe, 1, asked, 'a.b']]);
    expect(it.subscribes('price.', 'prefix').sent).toEqual([[Code.subscribe, 2, { match: 'prefix', ...asked }, 'price.']]);
  });

  it('wait for the first session', () => {
    const it = new Conversation().subscribes('a');
    expect(it.sent).toEqual([]);
    expect(it.opens().sent).toEqual([[Code.subscribe, 1, asked, 'a']]);
  });

  it('are requested again in each session, with new ids', () => {
    const it = new Conversation().opens().subscribes('a').hears([Code.subscribed, 1, 5]).socketCloses().opens();
    expect(it.sent).toEqual([[Code.subscribe, 1, asked, 'a']]);
    it.hears([Code.event, 5, 100, {}, ['old id']]);
    expect(it.outputs).toEqual([]); // the id of the last session is void
    it.hears([Code.subscribed, 1, 6]);
    expect(it.output('interest-active')?.key).toBe('a');
    expect(it.hears([Code.event, 6, 101, {}]).output('event')?.key).toBe('a');
  });

  it('deliver events with topic and payload', () => {
    const it = new Conversation().opens().subscribes('price.', 'prefix').hears([Code.subscribed, 1, 5]);
    it.hears([Code.event, 5, 100, { topic: 'price.abc' }, [1], { p: 2 }]);
    expect(it.output('event')).toMatchObject({
      type: 'event', key: 'price.', publication: 100,
      delivery: { uri: 'price.abc', details: { topic: 'price.abc' }, payload: { args: [1], kwargs: { p: 2 } } },
    });
  });

  it('are released with their id in this session', () => {
    const it = new Conversation().opens().subscribes('a').hears([Code.subscribed, 1, 5]);
    expect(it.put({ type: 'release', key: 'a' }).sent).toEqual([[Code.unsubscribe, 2, 5]]);
    expect(it.hears([Code.event, 5, 100, {}]).outputs).toEqual([]);
    expect(it.hears([Code.unsubscribed, 2]).outputs).toEqual([]);
    expect(it.socketCloses().opens().sent).toEqual([]);
  });

  it('that are released while requested are dropped when the answer brings the id', () => {
    const it = new Conversation().opens().subscribes('a').put({ type: 'release', key: 'a' });
    expect(it.sent).toEqual([]);
    expect(it.hears([Code.subscribed, 1, 5]).sent).toEqual([[Code.unsubscribe, 2, 5]]);
    expect(it.types).not.toContain('interest-active');
  });

  it('that are wanted again while requested are kept', () => {
    const it = new Conversation().opens().subscribes('a').put({ type: 'release', key: 'a' }).subscribes('a');
    expect(it.sent).toEqual([]);
    expect(it.hears([Code.subscribed, 1, 5]).types).toEqual(['interest-active']);
  });

  it('that are released while requested are not requested again after a lost connection', () => {
    const it = new Conversation().opens().subscribes('a').put({ type: 'release', key: 'a' }).socketCloses().opens();
    expect(it.sent).toEqual([]);
  });

  it('can be requested again right after their release, also if the router gives the same id', () => {
    const it = new Conversation().opens().subscribes('a').hears([Code.subscribed, 1, 5]);
    it.put({ type: 'release', key: 'a' }).subscribes('a').hears([Code.unsubscribed, 2], [Code.subscribed, 3, 5]);
    expect(it.hears([Code.event, 5, 100, {}]).output('event')?.key).toBe('a');
  });

  it('that are refused report the failure, and are requested again in the next session', () => {
    const it = new Conversation().opens().subscribes('a');
    it.hears([Code.error, Code.subscribe, 1, {}, 'wamp.error.not_authorized', ['staff only']]);
    expect(it.output('interest-refused')).toMatchObject({ key: 'a', failure: { uri: 'wamp.error.not_authorized', message: 'staff only' } });
    expect(it.socketCloses().opens().sent).toEqual([[Code.subscribe, 1, asked, 'a']]);
  });

  it('that are refused are requested again when the page wants them again, and released silently', () => {
    const it = new Conversation().opens().subscribes('a').hears([Code.error, Code.subscribe, 1, {}, 'x']);
    expect(it.subscribes('a').sent).toEqual([[Code.subscribe, 2, asked, 'a']]);
    it.hears([Code.error, Code.subscribe, 2, {}, 'x']);
    expect(it.put({ type: 'release', key: 'a' }).outputs).toEqual([]);
    expect(it.put({ type: 'release', key: 'a' }).outputs).toEqual([]);
  });

  it('that are refused do not end another subscription whose id equals their request id', () => {
    const it = new Conversation().opens().subscribes('a').hears([Code.subscribed, 1, 2]).subscribes('b');
    it.hears([Code.error, Code.subscribe, 2, {}, 'wamp.error.not_authorized']);
    expect(it.hears([Code.event, 2, 100, {}]).output('event')?.key).toBe('a');
  });

  it('that are refused after their release report nothing', () => {
    const it = new Conversation().opens().subscribes('a').put({ type: 'release', key: 'a' });
    expect(it.hears([Code.error, Code.subscribe, 1, {}, 'x']).outputs).toEqual([]);
    expect(it.state.interests.size).toBe(0);
  });

  it('that the router revokes are reported as refused', () => {
    const it = new Conversation().opens().subscribes('a').hears([Code.subscribed, 1, 5]);
    it.hears([Code.unsubscribed, 0, { subscription: 5, reason: 'wamp.error.not_authorized' }]);
    expect(it.output('interest-refused')?.failure.uri).toBe('wamp.error.not_authorized');
    expect(it.hears([Code.event, 5, 1, {}]).outputs).toEqual([]);
    expect(it.hears([Code.unsubscribed, 0, { subscription: 77 }]).outputs).toEqual([]);
  });

  it('ignore answers to unknown requests', () => {
    const it = new Conversation().opens();
    expect(it.hears([Code.subscribed, 9, 5]).outputs).toEqual([]);
    expect(it.hears([Code.error, Code.subscribe, 9, {}, 'x']).outputs).toEqual([]);
    expect(it.hears([Code.error, Code.unsubscribe, 9, {}, 'wamp.error.no_such_subscription']).outputs).toEqual([]);
  });
});

describe('interests that are refused for a temporary reason', () => {
  const later: Input = { type: 'elapsed', timer: 'interests' };
  const down = (request: number, of: number = Code.subscribe, uri = 'wamp.error.authorization_failed'): Message => [Code.error, of, request, {}, uri, ['down']];

  it('are requested again, later each time, and the page is told once', () => {
    const it = new Conversation().opens().subscribes('a').hears(down(1));
    expect(it.outputs).toContainEqual({ type: 'start-timer', timer: 'interests', tries: 1 });
    expect(it.output('interest-refused')).toMatchObject({ key: 'a', failure: { message: 'down', temporary: true } });
    expect(it.put(later).sent).toEqual([[Code.subscribe, 2, asked, 'a']]);
    expect(it.hears(down(2)).outputs).toEqual([{ type: 'start-timer', timer: 'interests', tries: 2 }]);
    expect(it.put(later).hears([Code.subscribed, 3, 5]).types).toEqual(['interest-active']);
    expect(it.put(later).outputs).toEqual([]);
  });

  it('share one timer', () => {
    const it = new Conversation().opens().subscribes('a').subscribes('b').hears(down(1), down(2));
    expect(it.types).not.toContain('start-timer');
    expect(it.put(later).sent).toEqual([[Code.subscribe, 3, asked, 'a'], [Code.subscribe, 4, asked, 'b']]);
  });

  it('such as a procedure that the last session still holds', () => {
    const it = new Conversation().opens().put({ type: 'want', key: 'r', kind: 'registration', uri: 'add', match: 'exact' });
    it.hears(down(1, Code.register, 'wamp.error.procedure_already_exists'));
    expect(it.put(later).sent).toEqual([[Code.register, 2, {}, 'add']]);
  });

  it('are not requested twice when another part of the page wants them', () => {
    expect(new Conversation().opens().subscribes('a').hears(down(1)).subscribes('a').outputs).toEqual([]);
  });

  it('are forgotten when they are released', () => {
    const it = new Conversation().opens().subscribes('a').hears(down(1)).put({ type: 'release', key: 'a' });
    expect(it.put(later).sent).toEqual([]);
    expect(new Conversation().opens().subscribes('a').put({ type: 'release', key: 'a' }).hears(down(1)).put(later).sent).toEqual([]);
  });

  it('are requested at once in the next session', () => {
    const it = new Conversation().opens().subscribes('a').hears(down(1)).socketCloses();
    expect(it.outputs).toContainEqual({ type: 'stop-timer', timer: 'interests' });
    expect(it.put(later).sent).toEqual([]);
    expect(it.opens().sent).toEqual([[Code.subscribe, 1, asked, 'a']]);
  });

  it('differ from those that are refused for good', () => {
    const it = new Conversation().opens().subscribes('a').hears(down(1, Code.subscribe, 'wamp.error.not_authorized'));
    expect(it.output('interest-refused')?.failure.temporary).toBe(false);
    expect(it.types).not.toContain('start-timer');
    expect(it.put(later).sent).toEqual([]);
  });
});

describe('registrations', () => {
  const registered = (): Conversation => new Conversation().opens()
    .put({ type: 'want', key: 'r', kind: 'registration', uri: 'add', match: 'exact' })
    .hears([Code.registered, 1, 5]);

  it('answer an invocation with YIELD', () => {
    const it = registered().hears([Code.invocation, 31, 5, {}, [1, 2]]);
    expect(it.output('invoked')).toMatchObject({ key: 'r', attempt: 1, request: 31, delivery: { uri: 'add' } });
    it.put({ type: 'answer', attempt: 1, request: 31, outcome: { result: { args: [3], kwargs: {} } } });
    expect(it.sent).toEqual([[Code.yield, 31, {}, [3]]]);
  });

  it('answer an invocation that failed with ERROR', () => {
    const failure = { uri: 'com.example.no', message: 'no', payload: { args: ['no'], kwargs: {} } };
    const it = registered().put({ type: 'answer', attempt: 1, request: 31, outcome: { failure } });
    expect(it.sent).toEqual([[Code.error, Code.invocation, 31, {}, 'com.example.no', ['no']]]);
  });

  it('do not answer into another session', () => {
    const answer = { type: 'answer', attempt: 1, request: 31, outcome: { result: { args: [], kwargs: {} } } } as const;
    expect(registered().socketCloses().put(answer).sent).toEqual([]);
    expect(registered().socketCloses().opens().put(answer).sent).toEqual([]);
  });

  it('answer an invocation of a released procedure with ERROR', () => {
    const it = registered().put({ type: 'release', key: 'r' });
    expect(it.sent).toEqual([[Code.unregister, 2, 5]]);
    expect(it.hears([Code.invocation, 31, 5, {}]).sent).toEqual([[Code.error, Code.invocation, 31, {}, 'wamp.error.canceled']]);
  });

  it('do not mix their ids with those of subscriptions', () => {
    const it = registered().subscribes('a').hears([Code.subscribed, 2, 5]);
    expect(it.hears([Code.event, 5, 1, {}]).output('event')?.key).toBe('a');
    expect(it.hears([Code.invocation, 31, 5, {}]).output('invoked')?.key).toBe('r');
  });

  it('that are refused or revoked are reported', () => {
    const it = new Conversation().opens().put({ type: 'want', key: 'r', kind: 'registration', uri: 'add', match: 'exact' });
    it.hears([Code.error, Code.register, 1, {}, 'wamp.error.procedure_already_exists']);
    expect(it.output('interest-refused')?.failure.uri).toBe('wamp.error.procedure_already_exists');
    expect(registered().hears([Code.unregistered, 0, { registration: 5 }]).types).toEqual(['interest-refused']);
  });
});
