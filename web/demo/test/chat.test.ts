import { Failed } from '@tidings/client';
import type { ConnectionState, EventHandler, PublishOptions, TopicEvent } from '@tidings/client';
import { describe, expect, it } from 'vitest';
import { Chat, type Page } from '../src/chat-store';

const ROOM = 'general';

/** A chat over a connection that answers as the test says. */
function chat(): { chat: Chat; sent: PublishOptions[]; answer: (error: string | null) => Promise<void>; open: () => void; receive: (event: Partial<TopicEvent>) => void; news: () => number } {
  const sent: PublishOptions[] = [];
  const answers: ((error: string | null) => void)[] = [];
  const handlers = new Map<string, EventHandler>();
  let state: (state: ConnectionState) => void = () => undefined;
  let news = 0;
  const connection = {
    subscribe: (topic: string, handler: EventHandler) => handlers.set(topic, handler),
    onState: (listener: typeof state) => (state = listener),
    publish: (_topic: string, options: PublishOptions) => new Promise<void>((resolve, reject) => {
      sent.push(options);
      answers.push((uri) => (uri === null ? resolve()
        : reject(new Failed({ uri, message: 'why', temporary: uri === 'wamp.error.timeout', payload: { args: [], kwargs: {} } }))));
    }),
  };
  const page = { connection, user: { id: 'ann', name: 'Ann', roles: [] }, happened: () => news++ } as unknown as Page;
  return {
    chat: new Chat(page), sent, news: () => news,
    answer: async (error) => (answers.shift()?.(error), await Promise.resolve(), await Promise.resolve()),
    open: () => state({ name: 'open' } as ConnectionState),
    receive: (event) => handlers.get(`chat.${ROOM}.message`)?.({ details: {}, payload: { args: [], kwargs: {} }, afterGap: false, ...event } as TopicEvent),
  };
}

const states = (of: Chat): string[] => of.rooms.get(ROOM)!.messages.map(({ state }) => state);

describe('a message without an answer', () => {
  it('is not confirmed, and is sent again with the same id when the connection is back', async () => {
    const { chat: store, sent, answer, open } = chat();
    store.say(ROOM, 'hello');
    expect([states(store), store.unsent]).toEqual([['sending'], true]);
    await answer('wamp.error.timeout');
    expect(states(store)).toEqual(['unconfirmed']);
    open();
    expect(states(store)).toEqual(['sending']);
    await answer(null);
    expect([states(store), store.unsent]).toEqual([['sent'], false]);
    expect(sent).toHaveLength(2);
    expect(sent[0]!.id).toBe(sent[1]!.id);
  });

  it('is not the same as one that was refused, which is not sent again by itself', async () => {
    const { chat: store, sent, answer, open } = chat();
    store.say(ROOM, 'hello');
    await answer('wamp.error.not_authorized');
    open();
    expect(states(store)).toEqual(['refused']);
    expect(store.rooms.get(ROOM)!.messages[0]!.why).toBe('why');
    expect(sent).toHaveLength(1);
  });
});

describe('the author of a message', () => {
  const kwargs = { id: '1', text: 'hello', at: '2999-01-01T00:00:00Z', user: { id: 'ben', name: 'Ben' } };
  const authors = (of: Chat): unknown[] => of.rooms.get(ROOM)!.messages.map(({ user }) => user);

  it('is the sender that the router names, and none without it', () => {
    const { chat: store, receive, news } = chat();
    receive({ payload: { args: [], kwargs } });
    expect(authors(store)).toEqual([]);
    receive({ payload: { args: [], kwargs }, details: { _sender: { id: 'eve', name: 'Eve' } } });
    receive({ payload: { args: [], kwargs }, details: { _sender: { id: 'ann', name: 'ann', backend: true } } });
    expect(authors(store)).toEqual([{ id: 'eve', name: 'Eve' }, { id: 'backend ann', name: 'ann' }]);
    expect(news()).toBe(2);
  });

  it('decides with the id which message it is', () => {
    const { chat: store, receive } = chat();
    for (const id of ['eve', 'eve', 'ben']) receive({ payload: { args: [], kwargs }, details: { _sender: { id } } });
    expect(authors(store)).toEqual([{ id: 'eve', name: 'eve' }, { id: 'ben', name: 'ben' }]);
  });

  it('cannot date it into the future, and what was said before the page was opened is not unread', () => {
    const { chat: store, receive } = chat();
    const from = (at: string): void => receive({ payload: { args: [], kwargs: { ...kwargs, id: at, at } }, details: { _sender: { id: 'eve' } } });
    from('2999-01-01T00:00:00Z');
    from('2001-01-01T00:00:00Z');
    expect(store.rooms.get(ROOM)!.messages[0]!.at.getTime()).toBeLessThanOrEqual(Date.now());
    expect(store.unread).toBe(1);
  });
});
