import { describe, expect, it } from 'vitest';
import { Code } from '../src/messages.js';
import type { Explanation } from '../src/trouble.js';
import { Conversation } from './conversation.js';

const refused: Explanation = { reason: 'origin', message: 'add the origin', status: 403, after: 60_000 };
const again = (it: Conversation): Conversation => it.put({ type: 'elapsed', timer: 'retry' }).socketCloses();
const why = ({ state: { phase } }: Conversation): string => (phase.name === 'waiting' ? phase.trouble.reason : phase.name);

describe('a connection that does not open', () => {
  it('is explained after the first, second, fourth and eighth in a row', () => {
    const it = new Conversation().put({ type: 'start' }).socketCloses();
    const asked = [it.output('explain')];
    for (let i = 2; i <= 9; i++) asked.push(again(it).output('explain'));
    expect(asked.map((output) => output?.again)).toEqual([false, true, undefined, true, undefined, undefined, undefined, true, undefined]);
    expect(why(it)).toBe('unopened');
  });

  it('is not explained where the shell cannot ask', () => {
    expect(new Conversation({ explains: false }).put({ type: 'start' }).socketCloses().types).not.toContain('explain');
  });

  it('is explained if its handshake hangs', () => {
    const it = new Conversation().put({ type: 'start' }, { type: 'elapsed', timer: 'opening' });
    expect(it.types.slice(0, 2)).toEqual(['disconnect', 'explain']);
    expect(it.phase).toBe('waiting');
  });

  it('shows the explanation, and waits as long as that says, also after the next try', () => {
    const it = new Conversation().put({ type: 'start' }).socketCloses().put({ type: 'explained', explanation: refused });
    expect(it.state.phase).toEqual({ name: 'waiting', trouble: refused });
    expect(it.output('start-timer')).toEqual({ type: 'start-timer', timer: 'retry', tries: 1, after: 60_000 });
    again(it);
    expect(it.state.phase).toEqual({ name: 'waiting', trouble: refused });
    expect(it.output('start-timer')?.after).toBe(60_000);
  });

  it('keeps an explanation that comes during the next try', () => {
    const it = new Conversation().put({ type: 'start' }).socketCloses().put({ type: 'elapsed', timer: 'retry' });
    expect(it.put({ type: 'explained', explanation: refused }).outputs).toEqual([]);
    expect(why(it.socketCloses())).toBe('origin');
  });

  it('forgets the explanation when a connection opens', () => {
    const it = new Conversation().put({ type: 'start' }).socketCloses().opens();
    expect(it.put({ type: 'explained', explanation: refused }).outputs).toEqual([]);
    expect(why(it.socketCloses())).toBe('lost');
    expect(it.output('start-timer')?.after).toBeUndefined();
    expect(again(it).output('explain')).toEqual({ type: 'explain', again: false });
  });

  it('leaves a page alone that is frozen', () => {
    const it = new Conversation().put({ type: 'start' }).socketCloses().put({ type: 'elapsed', timer: 'retry' }, { type: 'suspend' });
    expect(it.put({ type: 'explained', explanation: refused }).outputs).toEqual([]);
    expect(why(it)).toBe('suspended');
    expect(it.put({ type: 'wake' }).phase).toBe('connecting');
  });
});

describe('the reason to wait', () => {
  const greeted = (): Conversation => new Conversation().put({ type: 'start' }).socketOpens();
  const said = ({ state: { phase } }: Conversation): string => (phase.name === 'waiting' ? `${phase.trouble.reason}: ${phase.trouble.message}` : phase.name);

  it.each([
    ['a lost session', () => new Conversation().opens().socketCloses(), 'lost: the connection was lost'],
    ['a connection that is lost before WELCOME', () => greeted().ticketComes().socketCloses(), 'lost: the connection was lost while logging in'],
    ['a ticket that takes too long', () => greeted().socketCloses(), 'no_ticket: the ticket callback has not answered in time'],
    ['a server that does not answer', () => greeted().ticketComes().put({ type: 'elapsed', timer: 'opening' }), 'timeout: the server has not answered in time'],
    ['a denied ticket', () => greeted().hears([Code.abort, { message: 'expired' }, 'wamp.error.authentication_denied']), 'denied: the server refuses the session: expired'],
    ['GOODBYE', () => new Conversation().opens().hears([Code.goodbye, {}, 'wamp.close.system_shutdown']), 'closed: the server has ended the session: wamp.close.system_shutdown'],
    ['ABORT', () => greeted().hears([Code.abort, { message: 'busy' }, 'com.example.busy']), 'closed: the server refuses the session: busy'],
    ['a violation', () => new Conversation().opens().hears([99]), 'protocol: the server has broken the protocol: a router does not send message code 99'],
    ['a page that is left', () => new Conversation().opens().put({ type: 'suspend' }), 'suspended: '],
  ])('of %s is said', (_name, run, expected) => {
    expect(said(run()).startsWith(expected)).toBe(true);
  });
});
