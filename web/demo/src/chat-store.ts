import { type Connection, Failed, isDict, type TopicEvent } from '@tidings/client';
import type { User } from './api';
import { ROOMS } from './route';
import { Store } from './store';

type Author = Pick<User, 'id' | 'name'>;

export interface ChatMessage {
  readonly id: string; // made by its author, so only unique among the author's messages
  readonly user: Author;
  readonly text: string;
  readonly at: Date;
  readonly state: 'sent' | 'sending' | 'unconfirmed' | 'refused';
  readonly why: string; // of a refusal
  readonly afterGap: boolean; // messages before it are missing
}

export interface Room {
  readonly id: string;
  readonly name: string;
  readonly messages: readonly ChatMessage[];
  readonly typing: readonly Author[];
  readonly unread: number;
}

/** The part of the page that Chat uses. */
export interface Page {
  readonly connection: Connection;
  readonly user: User;
  /** Tells a tab in the background that something happened. */
  happened(): void;
}

const HISTORY = 50; // messages of a room from before the page was opened
const KEPT = 500; // messages of a room; limits the memory of a page that stays open
const PATIENCE = 60_000; // ms that a message waits for a connection; then it is sent again with the next one
const TYPING_SHOWN = 4_000; // ms that a typing event is shown
const TYPING_INTERVAL = 2_000; // ms between two typing events

/**
 * The rooms with their last messages. The pages publish directly, without a backend: the author of a message is the
 * publisher that the router names. After a break the connection brings what was missed.
 */
export class Chat extends Store {
  rooms: ReadonlyMap<string, Room>;

  readonly #connection: Connection;
  readonly #page: Page;
  readonly #me: Author;
  readonly #typing = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #opened = new Date(); // what was said before is not unread
  #shown: string | null = null;
  #typingAt = 0;

  constructor(page: Page) {
    super();
    this.#page = page;
    this.#connection = page.connection;
    this.#me = { id: page.user.id, name: page.user.name };
    this.rooms = new Map(ROOMS.map((room) => [room.id, { ...room, messages: [], typing: [], unread: 0 }]));
    for (const room of ROOMS) {
      this.#connection.subscribe(`chat.${room.id}.message`, (event) => this.#receiveMessage(room.id, event), { history: HISTORY });
      this.#connection.subscribe(`chat.${room.id}.typing`, (event) => this.#receiveTyping(room.id, event));
    }
    this.#connection.onState(({ name }) => name === 'open' && this.#sendAgain());
  }

  get unread(): number {
    return [...this.rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  }

  /** Reports whether a message of this page may not have reached the router. */
  get unsent(): boolean {
    return [...this.rooms.values()].some(({ messages }) => messages.some(({ state }) => state !== 'sent'));
  }

  /** Sets the room that the user looks at, or null if it is none. */
  show(room: string | null): void {
    if (this.#shown === room) return;
    this.#shown = room;
    this.#typingAt = 0;
    if (room !== null) this.#update(room, () => ({ unread: 0 }));
  }

  say(room: string, text: string): void {
    const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    const message: ChatMessage = { id, user: this.#me, text, at: new Date(), state: 'sending', why: '', afterGap: false };
    this.#typingAt = 0;
    this.#update(room, ({ messages }) => ({ messages: [...messages, message].slice(-KEPT) }));
    void this.#send(room, message);
  }

  again(room: string, message: ChatMessage): void {
    this.#mark(room, message, { state: 'sending' });
    void this.#send(room, message);
  }

  /** Reports that the user types in the room; publishes at most once in TYPING_INTERVAL. */
  type(room: string): void {
    const now = Date.now();
    if (now - this.#typingAt < TYPING_INTERVAL) return;
    this.#typingAt = now;
    void this.#connection.publish(`chat.${room}.typing`);
  }

  /**
   * Publishes a message. Its event comes to this page, too, so that all pages have the messages in the same order. With its
   * id it is published once, however often it is sent.
   */
  async #send(room: string, message: ChatMessage): Promise<void> {
    const { id, text, at } = message;
    const kwargs = { id, text, at: at.toISOString() };
    try {
      await this.#connection.publish(`chat.${room}.message`, { kwargs, id, acknowledge: true, excludeMe: false, timeout: PATIENCE });
      this.#mark(room, message, { state: 'sent' });
    } catch (error) {
      const { failure } = Failed.from(error);
      this.#mark(room, message, failure.temporary ? { state: 'unconfirmed' } : { state: 'refused', why: failure.message });
    }
  }

  #sendAgain(): void {
    for (const { id, messages } of this.rooms.values()) {
      for (const message of messages) if (message.state === 'unconfirmed') this.again(id, message);
    }
  }

  #receiveMessage(room: string, event: TopicEvent): void {
    const user = senderOf(event);
    const { id, text, at } = event.payload.kwargs;
    if (!user || typeof id !== 'string' || typeof text !== 'string') return;
    const said = Math.min(Date.parse(typeof at === 'string' ? at : ''), Date.now());
    const message: ChatMessage = { id, user, text, at: new Date(Number.isNaN(said) ? Date.now() : said), state: 'sent', why: '', afterGap: event.afterGap };
    const isNews = user.id !== this.#me.id && message.at >= this.#opened;
    if (isNews) this.#page.happened();
    this.#stopTyping(room, user);
    this.#update(room, ({ messages, unread }) => ({
      messages: [...messages.filter((other) => !isSame(other, message)), message].slice(-KEPT),
      unread: room === this.#shown ? 0 : unread + (isNews ? 1 : 0),
    }));
  }

  #receiveTyping(room: string, event: TopicEvent): void {
    const user = senderOf(event);
    if (!user || user.id === this.#me.id) return;
    const key = `${room} ${user.id}`;
    clearTimeout(this.#typing.get(key));
    this.#typing.set(key, setTimeout(() => this.#stopTyping(room, user), TYPING_SHOWN));
    this.#update(room, ({ typing }) => ({ typing: [...typing.filter(({ id }) => id !== user.id), user] }));
  }

  #stopTyping(room: string, user: Author): void {
    clearTimeout(this.#typing.get(`${room} ${user.id}`));
    this.#update(room, ({ typing }) => ({ typing: typing.filter(({ id }) => id !== user.id) }));
  }

  #mark(room: string, message: ChatMessage, change: Partial<ChatMessage>): void {
    this.#update(room, ({ messages }) => ({ messages: messages.map((other) => (isSame(other, message) ? { ...other, ...change } : other)) }));
  }

  #update(id: string, change: (room: Room) => Partial<Room>): void {
    const room = this.rooms.get(id);
    if (!room) return;
    this.rooms = new Map(this.rooms).set(id, { ...room, ...change(room) });
    this.changed();
  }
}

/**
 * Returns the publisher as the router names it, because the contract says `sender: true`. No page can forge that, unlike a
 * name in the payload. A backend may have the id of a user.
 */
function senderOf({ details: { _sender: sender } }: TopicEvent): Author | null {
  if (!isDict(sender) || typeof sender['id'] !== 'string') return null;
  const { id, name, backend } = sender;
  return { id: backend === true ? `backend ${id}` : id, name: typeof name === 'string' && name !== '' ? name : id };
}

/** The id of a message is its author's word alone: nothing that another user sends replaces it. */
function isSame(one: ChatMessage, other: ChatMessage): boolean {
  return one.id === other.id && one.user.id === other.user.id;
}
