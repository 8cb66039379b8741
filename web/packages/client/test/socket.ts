import { vi } from 'vitest';
import { Code, type Message } from '../src/messages.js';
import { welcome } from './conversation.js';

/** A fake of the browser's WebSocket. The test plays the router. */
export class Socket {
  static all: Socket[] = [];

  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: Message[] = [];
  closed = false;
  silent = false;
  pings = 0;
  readonly url: string;
  readonly protocol: string;

  constructor(url: URL, protocol: string) {
    this.url = String(url);
    this.protocol = protocol;
    Socket.all.push(this);
  }

  static install(): void {
    Socket.all = [];
    vi.stubGlobal('WebSocket', Socket);
    vi.stubGlobal('fetch', async () => { throw new TypeError('there is no network in a test'); });
  }

  static get last(): Socket {
    const socket = Socket.all.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }

  /** Sends of the heartbeat are counted apart, and answered unless the test makes the network silent. */
  send(text: string): void {
    const message = JSON.parse(text) as Message;
    if (message[3] !== 'tidings.ping') return void this.sent.push(message);
    this.pings++;
    if (!this.silent) this.sends([Code.result, message[1], {}]);
  }

  close(): void {
    this.closed = true;
  }

  sends(...messages: Message[]): void {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** Opens the socket and sends CHALLENGE and WELCOME. */
  async admits(session = 7): Promise<this> {
    this.onopen?.();
    await settled();
    this.sends([Code.challenge, 'ticket', {}], [Code.welcome, session, welcome]);
    return this;
  }
}

/** Waits until resolved promises have run their callbacks. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
