import { type Connection, type Dict, type TopicEvent } from '@tidings/client';
import type { User } from './api';
import { ROOMS } from './route';
import { Store } from './store';

type Author = Pick<User, 'id' | 'name'>;

export interface ChatMessage {
  readonly id: string;
  readonly user: Author;
  readonly text: string;
  readonly at: Date;
  readonly state: 'sent' | 'sending' | 'failed';
}

export interface Room {
  readonly id: string;
  readonly name: string;
  readonly messages: readonly ChatMessage[];
  readonly typing: readonly Author[];
  readonly unread: number;
}

const HISTORY = 50; // messages of a room from before the page was opened
const KEPT = 500; // messages of a room; limits the memory of a page that stays open
const PATIENCE = 60_000; // ms that a message may wait for a connection
const TYPING_SHOWN = 4_000; // ms that a typing event is shown
const TYPING_INTERVAL = 2_000; // ms between two typing events

/** The rooms with their last messages. The pages publish directly, without a backend. */
export class Chat extends Store {
  rooms: ReadonlyMap<string, Room>;

  readonly #connection: Connection;
  readonly #me: Author;
  readonly #typing = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #opened = new Date(); // what was said before is not unread
  #shown: string | null = null;
  #typingAt = 0;

  constructor(connection: Connection, { id, name }: User) {
    super();
    this.#connection = connection;
    this.#me = { id, name };
    this.rooms = new Map(ROOMS.map((room) => [room.id, { ...room, messages: [], typing: [], unread: 0 }]));
    for (const room of ROOMS) {
      connection.subscribe(`chat.${room.id}.message`, (event) => this.#receiveMessage(room.id, event), { history: HISTORY });
      connection.subscribe(`chat.${room.id}.typing`, ({ payload }) => this.#receiveTyping(room.id, payload.kwargs));
    }
  }

  get unread(): number {
    return [...this.rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  }

  /** Sets the room on screen, or null if the chat is not on screen. */
  show(room: string | null): void {
    if (this.#shown === room) return;
    this.#shown = room;
    this.#typingAt = 0;
    if (room !== null) this.#update(room, () => ({ unread: 0 }));
  }

  say(room: string, text: string): void {
    const message: ChatMessage = { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, user: this.#me, text, at: new Date(), state: 'sending' };
    this.#typingAt = 0;
    this.#update(room, ({ messages }) => ({ messages: [...messages, message].slice(-KEPT) }));
    void this.#send(room, message);
  }

  again(room: string, message: ChatMessage): void {
    this.#mark(room, message, 'sending');
    void this.#send(room, message);
  }

  /** Reports that the user types in the room; publishes at most once in TYPING_INTERVAL. */
  type(room: string): void {
    const now = Date.now();
    if (now - this.#typingAt < TYPING_INTERVAL) return;
    this.#typingAt = now;
    void this.#connection.publish(`chat.${room}.typing`, { kwargs: { user: this.#me } });
  }

  /** Publishes a message. Its event comes to this page, too, so that all pages have the messages in the same order. */
  async #send(room: string, message: ChatMessage): Promise<void> {
    const { id, user, text, at } = message;
    const kwargs = { id, user, text, at: at.toISOString() };
    try {
      await this.#connection.publish(`chat.${room}.message`, { kwargs, acknowledge: true, excludeMe: false, timeout: PATIENCE });
      this.#mark(room, message, 'sent');
    } catch {
      this.#mark(room, message, 'failed');
    }
  }

  #receiveMessage(room: string, { payload: { kwargs } }: TopicEvent): void {
    const user = authorFrom(kwargs);
    const { id, text, at } = kwargs;
    if (!user || typeof id !== 'string' || typeof text !== 'string') return;
    const sent = new Date(typeof at === 'string' ? at : Date.now());
    const message: ChatMessage = { id, user, text, at: Number.isNaN(sent.getTime()) ? new Date() : sent, state: 'sent' };
    this.#stopTyping(room, user);
    this.#update(room, ({ messages, unread }) => ({
      messages: [...messages.filter((other) => other.id !== id), message].slice(-KEPT),
      unread: room === this.#shown ? 0 : unread + (user.id === this.#me.id || message.at < this.#opened ? 0 : 1),
    }));
  }

  #receiveTyping(room: string, kwargs: Dict): void {
    const user = authorFrom(kwargs);
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

  #mark(room: string, { id }: ChatMessage, state: ChatMessage['state']): void {
    this.#update(room, ({ messages }) => ({ messages: messages.map((other) => (other.id === id ? { ...other, state } : other)) }));
  }

  #update(id: string, change: (room: Room) => Partial<Room>): void {
    const room = this.rooms.get(id);
    if (!room) return;
    this.rooms = new Map(this.rooms).set(id, { ...room, ...change(room) });
    this.changed();
  }
}

function authorFrom({ user }: Dict): Author | null {
  if (typeof user !== 'object' || user === null) return null;
  const { id, name } = user as { id?: unknown; name?: unknown };
  return typeof id === 'string' ? { id, name: typeof name === 'string' ? name : id } : null;
}
