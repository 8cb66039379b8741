import { describe, expect, it } from 'vitest';
import { Code, decode } from '../src/messages.js';
import { Conversation, welcome } from './conversation.js';

describe('connecting', () => {
  it('opens a socket and starts the timer of the whole opening', () => {
    const it = new Conversation().put({ type: 'start' });
    expect(it.phase).toBe('connecting');
    expect(it.output('connect')).toEqual({ type: 'connect', attempt: 1 });
    expect(it.output('start-timer')?.timer).toBe('opening');
  });

  it('starts once', () => {
    expect(new Conversation().put({ type: 'start' }, { type: 'start' }).outputs).toEqual([]);
  });

  it('sends HELLO and asks for the ticket at the same time', () => {
    const it = new Conversation().put({ type: 'start' }).socketOpens();
    expect(it.phase).toBe('authenticating');
    expect(it.sent).toEqual([[Code.hello, 'app', expect.objectContaining({ authmethods: ['ticket'], _tab: 'tab1', agent: 'test' })]]);
    expect(it.output('ask-ticket')).toEqual({ type: 'ask-ticket', attempt: 1 });
  });

  it('is anonymous without a ticket, and sends no tab if it has none', () => {
    const it = new Conversation({ tickets: false, tab: null }).put({ type: 'start' }).socketOpens();
    expect(it.sent[0]?.[2]).not.toHaveProperty('_tab');
    expect(it.sent[0]?.[2]).toMatchObject({ authmethods: ['anonymous'] });
    expect(it.types).not.toContain('ask-ticket');
    expect(it.hears([Code.welcome, 7, { roles: {} }]).phase).toBe('open');
  });

  it.each([['connecting', 0], ['authenticating', 1]])('waits and tries again when the socket is lost while %s', (_name, opened) => {
    const it = new Conversation().put({ type: 'start' });
    if (opened) it.socketOpens();
    it.socketCloses();
    expect(it.phase).toBe('waiting');
    expect(it.outputs).toContainEqual({ type: 'start-timer', timer: 'retry', tries: 1 });
    expect(it.put({ type: 'elapsed', timer: 'retry' }).output('connect')?.attempt).toBe(2);
  });

  it.each([['connecting', 0], ['authenticating', 1]])('closes a socket that takes too long while %s', (_name, opened) => {
    const it = new Conversation().put({ type: 'start' });
    if (opened) it.socketOpens();
    it.put({ type: 'elapsed', timer: 'opening' });
    expect(it.phase).toBe('waiting');
    expect(it.types).toContain('disconnect');
  });

  it('ignores inputs of older sockets', () => {
    const it = new Conversation().put({ type: 'start' }).socketCloses().put({ type: 'elapsed', timer: 'retry' });
    for (const type of ['opened', 'lost'] as const) expect(it.put({ type, attempt: 1 }).outputs).toEqual([]);
    expect(it.phase).toBe('connecting');
  });

  it('waits longer with each try until a session has lasted', () => {
    const it = new Conversation().put({ type: 'start' }).socketCloses().opens().socketCloses();
    expect(it.output('phase')?.tries).toBe(2);
    it.opens().put({ type: 'elapsed', timer: 'stable' }).socketCloses();
    expect(it.output('phase')?.tries).toBe(1);
  });

  it('connects at once on retry while it waits', () => {
    const it = new Conversation().put({ type: 'start' }).socketCloses().put({ type: 'retry' });
    expect(it.phase).toBe('connecting');
    expect(it.outputs).toContainEqual({ type: 'stop-timer', timer: 'retry' });
  });

  it('ignores retry while it is open', () => {
    expect(new Conversation().opens().put({ type: 'retry' }).outputs).toEqual([]);
  });
});

describe('authenticating', () => {
  const greeted = (): Conversation => new Conversation().put({ type: 'start' }).socketOpens();

  it('answers the challenge when the ticket came first', () => {
    const it = greeted().ticketComes('abc');
    expect(it.sent).toEqual([]);
    expect(it.hears([Code.challenge, 'ticket', {}]).sent).toEqual([[Code.authenticate, 'abc', {}]]);
  });

  it('answers the challenge when the ticket comes last, and keeps no ticket', () => {
    const it = greeted().hears([Code.challenge, 'ticket', {}]);
    expect(it.sent).toEqual([]);
    expect(it.ticketComes('abc').sent).toEqual([[Code.authenticate, 'abc', {}]]);
    expect(JSON.stringify(it.state)).not.toContain('abc');
  });

  it('takes its identity from WELCOME', () => {
    const session = { id: 7, user: 'ann', name: 'Ann Abel', role: 'staff', roles: ['staff', 'operator'], tenant: 'north' };
    expect(new Conversation().opens().state.phase).toEqual({ name: 'open', session });
  });

  it('accepts a WELCOME with few details', () => {
    const it = greeted().hears([Code.welcome, 9, { roles: {}, authid: 'x' }]);
    expect(it.state.phase).toMatchObject({ session: { id: 9, user: 'x', name: 'x', tenant: '' } });
  });

  it('aborts and is refused when the router asks for another method', () => {
    const it = greeted().hears([Code.challenge, 'cryptosign', {}]);
    expect(it.sent[0]?.[2]).toBe('wamp.error.cannot_authenticate');
    expect(it.state.phase).toMatchObject({ name: 'refused', reason: 'wamp.error.cannot_authenticate' });
  });

  it('treats a second challenge as a violation', () => {
    const it = greeted().hears([Code.challenge, 'ticket', {}], [Code.challenge, 'ticket', {}]);
    expect(it.sent[0]?.[2]).toBe('wamp.error.protocol_violation');
    expect(it.phase).toBe('waiting');
  });

  it('tries again when the ticket callback fails, and is refused when the callback says so', () => {
    const now = greeted().put({ type: 'no-ticket', attempt: 1, message: 'backend is down', final: false });
    expect(now.phase).toBe('waiting');
    const never = greeted().put({ type: 'no-ticket', attempt: 1, message: 'log in', final: true });
    expect(never.state.phase).toEqual({ name: 'refused', reason: 'wamp.error.authentication_required', message: 'log in' });
  });

  it('asks for another ticket once before a denial is final', () => {
    const denial = [Code.abort, { message: 'expired' }, 'wamp.error.authentication_denied'];
    const it = greeted().hears(denial);
    expect(it.phase).toBe('waiting');
    it.put({ type: 'elapsed', timer: 'retry' }).socketOpens().hears(denial);
    expect(it.state.phase).toMatchObject({ name: 'refused', message: 'expired' });
    expect(it.types).toContain('disconnect');
  });

  it('resets its denials after WELCOME', () => {
    const denial = [Code.abort, {}, 'wamp.error.authentication_denied'];
    const it = greeted().hears(denial).opens().socketCloses();
    it.put({ type: 'elapsed', timer: 'retry' }).socketOpens().hears(denial);
    expect(it.phase).toBe('waiting');
  });

  it.each(['wamp.error.no_such_realm', 'wamp.error.not_authorized', 'wamp.error.no_matching_auth_method'])('is refused for good by ABORT %s', (reason) => {
    expect(greeted().hears([Code.abort, {}, reason]).phase).toBe('refused');
  });

  it.each(['wamp.close.system_shutdown', 'wamp.error.authentication_failed', 'com.example.busy'])('tries again after ABORT %s', (reason) => {
    expect(greeted().hears([Code.abort, {}, reason]).phase).toBe('waiting');
  });

  it('resets its tries on retry after a refusal', () => {
    const it = greeted().hears([Code.abort, {}, 'wamp.error.no_such_realm']).put({ type: 'retry' });
    expect(it.phase).toBe('connecting');
    expect(it.output('phase')?.tries).toBe(0);
  });

});

describe('a ticket that comes late', () => {
  const asked = (): Conversation => new Conversation().put({ type: 'start' }).socketOpens();
  const comes = (it: Conversation, attempt = 1): Conversation => it.put({ type: 'ticket', attempt, ticket: 'abc' });
  const challenge = [Code.challenge, 'ticket', {}];

  it('is used at once by a page that waits, without another question', () => {
    const it = comes(asked().socketCloses());
    expect(it.phase).toBe('connecting');
    expect(it.outputs).toContainEqual({ type: 'stop-timer', timer: 'retry' });
    expect(it.socketOpens().types).not.toContain('ask-ticket');
    expect(it.hears(challenge).sent).toEqual([[Code.authenticate, 'abc', {}]]);
  });

  it('is used by the connection that has its challenge by then', () => {
    const it = asked().socketCloses().put({ type: 'elapsed', timer: 'retry' }).socketOpens();
    expect(it.types).not.toContain('ask-ticket');
    expect(comes(it.hears(challenge)).sent).toEqual([[Code.authenticate, 'abc', {}]]);
  });

  it('is used once', () => {
    const it = comes(asked().hears(challenge)).socketCloses().put({ type: 'elapsed', timer: 'retry' }).socketOpens();
    expect(it.output('ask-ticket')?.attempt).toBe(2);
  });

  it('is not asked for twice; when the shell gives up, the next connection asks, and the late answer is ignored', () => {
    const it = asked();
    expect(it.socketCloses().put({ type: 'elapsed', timer: 'retry' }).socketOpens().types).not.toContain('ask-ticket');
    it.put({ type: 'no-ticket', attempt: 1, message: 'no answer in 30 s', final: false });
    expect(it.state.phase).toEqual({ name: 'waiting', trouble: { reason: 'no_ticket', message: 'no answer in 30 s', status: null, cause: undefined } });
    it.put({ type: 'elapsed', timer: 'retry' }).socketOpens();
    expect(it.output('ask-ticket')?.attempt).toBe(3);
    expect(comes(it.hears(challenge)).sent).toEqual([]);
    expect(comes(it, 3).sent).toEqual([[Code.authenticate, 'abc', {}]]);
  });

  it('that was kept over failed connections has expired and is asked for again', () => {
    const it = comes(asked().socketCloses()).socketCloses().put({ type: 'elapsed', timer: 'retry' }).socketOpens();
    expect(it.output('ask-ticket')?.attempt).toBe(3);
  });

  it('that fails while the page waits is asked for by the next connection, unless the failure is final', () => {
    const it = asked().socketCloses().put({ type: 'no-ticket', attempt: 1, message: 'down', final: false });
    expect(it.phase).toBe('waiting');
    expect(it.put({ type: 'elapsed', timer: 'retry' }).socketOpens().output('ask-ticket')?.attempt).toBe(2);
    expect(asked().socketCloses().put({ type: 'no-ticket', attempt: 1, message: 'log in', final: true }).phase).toBe('refused');
  });

  it('opens no connection of a page that is closed', () => {
    expect(comes(asked().put({ type: 'close' })).outputs).toEqual([]);
  });
});

describe('the end of a session', () => {
  it('reports that an answer to an invocation was refused, and goes on', () => {
    for (const answered of [Code.yield, Code.invocation]) {
      const it = new Conversation().opens().hears([Code.error, answered, 1, {}, 'wamp.error.invalid_argument', ['args[0] is cut']]);
      expect(it.output('answer-refused')?.failure).toMatchObject({ uri: 'wamp.error.invalid_argument', message: 'args[0] is cut' });
      expect(it.phase).toBe('open');
    }
  });

  it('answers GOODBYE once and reconnects later', () => {
    const it = new Conversation().opens().hears([Code.goodbye, {}, 'wamp.close.system_shutdown']);
    expect(it.sent).toEqual([[Code.goodbye, {}, 'wamp.close.goodbye_and_out']]);
    expect(it.phase).toBe('waiting');
    expect(it.types).toContain('disconnect');
  });

  it('is refused by a GOODBYE with a final reason', () => {
    expect(new Conversation().opens().hears([Code.goodbye, {}, 'wamp.error.not_authorized']).phase).toBe('refused');
  });

  it.each([
    ['invalid JSON', '{'], ['an object', '{}'], ['an unknown code', '[99]'], ['a client\'s code', '[32,1,{},"a"]'],
    ['a second WELCOME', '[2,1,{}]'], ['EVENT without ids', '[36,"a",1,{}]'], ['an ERROR for an EVENT', '[8,36,1,{},"x"]'],
  ])('aborts and reconnects when the router sends %s', (_name, frame) => {
    const it = new Conversation().opens();
    it.put({ type: 'received', attempt: 1, message: decode(frame) });
    expect(it.sent[0]?.[2]).toBe('wamp.error.protocol_violation');
    expect(it.phase).toBe('waiting');
  });

  it('reconnects after ABORT in the middle of a session', () => {
    const it = new Conversation().opens().hears([Code.abort, {}, 'wamp.error.protocol_violation']);
    expect(it.phase).toBe('waiting');
    expect(it.sent).toEqual([]);
  });

  it('sends GOODBYE when it is closed, and waits for the answer', () => {
    const it = new Conversation().opens().put({ type: 'close' });
    expect(it.sent).toEqual([[Code.goodbye, {}, 'wamp.close.close_realm']]);
    expect(it.phase).toBe('closing');
    expect(it.hears([Code.event, 1, 1, {}]).phase).toBe('closing');
    expect(it.hears([Code.goodbye, {}, 'wamp.close.goodbye_and_out']).phase).toBe('closed');
    expect(it.types).toContain('disconnect');
  });

  it.each([['the timer elapses', { type: 'elapsed', timer: 'closing' }], ['the socket is lost', { type: 'lost', attempt: 1 }]] as const)(
    'is closed without an answer to GOODBYE when %s', (_name, input) => {
      expect(new Conversation().opens().put({ type: 'close' }, input).phase).toBe('closed');
    });

  it('closes at once when there is no session', () => {
    const it = new Conversation().put({ type: 'start' }, { type: 'close' });
    expect(it.phase).toBe('closed');
    expect(it.put({ type: 'close' }, { type: 'retry' }, { type: 'elapsed', timer: 'retry' }).phase).toBe('closed');
  });

  it('ignores timers of other phases', () => {
    const it = new Conversation().opens();
    for (const timer of ['retry', 'opening', 'closing'] as const) expect(it.put({ type: 'elapsed', timer }).outputs).toEqual([]);
    expect(it.hears([Code.welcome, 8, welcome]).phase).toBe('waiting');
  });
});
