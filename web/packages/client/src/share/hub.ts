/**
 * The hub holds one WebSocket for the tabs of a browser. Each tab has a channel with a session of its own. The hub reads
 * only the lines between the messages (docs/protocol.md, Channels), never a message.
 */
import { type FromTab, type Port, VERSION } from './messages.js';

const PROTOCOLS = ['tidings.channels.wamp.2.json', 'wamp.2.json']; // a server without channels takes the second
const UNREAD = 4 << 20; // characters; a tab that has not handled more is frozen, and would fill the memory

interface Channel {
  readonly name: string;
  readonly number: number;
  readonly port: Port;
  unread: number;
}

export class Hub {
  readonly id = crypto.randomUUID();
  readonly #address: string;
  readonly #byName = new Map<string, Channel>();
  readonly #byNumber = new Map<number, Channel>();
  #socket: WebSocket | null = null;
  #open = false;
  #highest = 0; // number of the newest channel
  #sending = 0; // number of the channel that the server expects messages of
  #targets: readonly Channel[] = []; // what the server's next message is for

  constructor(address: string) {
    this.#address = address;
  }

  receive(port: Port, message: FromTab): void {
    const channel = this.#byName.get(message.channel);
    switch (message.type) {
      case 'open': return channel ? undefined : this.#add(port, message.channel);
      case 'send': return channel ? this.#send(channel, message.frame) : port.post({ type: 'lost', channel: message.channel });
      case 'read': if (channel) channel.unread -= message.length; return;
      case 'close': return channel && this.#remove(channel);
    }
  }

  /** Closes the channels of a tab that has gone. */
  gone(port: Port): void {
    for (const channel of [...this.#byName.values()]) if (channel.port === port) this.#remove(channel);
  }

  /** Closes the connection; all tabs lose their channels. */
  stop(): void {
    this.#disconnect('lost');
  }

  #add(port: Port, name: string): void {
    this.#socket ??= this.#connect();
    const channel = { name, number: ++this.#highest, port, unread: 0 };
    this.#byName.set(name, channel);
    this.#byNumber.set(channel.number, channel);
    port.post({ type: 'found', channel: name, hub: this.id, version: VERSION });
    if (this.#open) port.post({ type: 'opened', channel: name });
  }

  #connect(): WebSocket {
    const socket = new WebSocket(this.#address, PROTOCOLS);
    socket.onopen = () => this.#opened(socket.protocol);
    socket.onmessage = ({ data }) => this.#received(String(data));
    socket.onerror = socket.onclose = () => this.#disconnect('lost');
    return socket;
  }

  #opened(protocol: string): void {
    if (protocol !== PROTOCOLS[0]) return this.#disconnect('alone');
    this.#open = true;
    for (const { port, name } of this.#byName.values()) port.post({ type: 'opened', channel: name });
  }

  #disconnect(type: 'lost' | 'alone'): void {
    const socket = this.#socket;
    const channels = [...this.#byName.values()];
    this.#socket = null;
    this.#open = false;
    this.#highest = this.#sending = 0;
    this.#targets = [];
    this.#byName.clear();
    this.#byNumber.clear();
    if (socket) {
      socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
      socket.close();
    }
    for (const { port, name } of channels) port.post({ type, channel: name });
  }

  #send({ number }: Channel, frame: string): void {
    if (this.#sending !== number) this.#socket?.send(String(number));
    this.#sending = number;
    this.#socket?.send(frame);
  }

  /** Closes a channel at the server, and the connection with the last one. */
  #remove(channel: Channel): void {
    this.#forget(channel);
    if (this.#byName.size === 0) return this.#disconnect('lost');
    if (this.#open) this.#socket?.send(`-${channel.number}`);
  }

  #forget({ name, number }: Channel): void {
    this.#byName.delete(name);
    this.#byNumber.delete(number);
    if (this.#sending === number) this.#sending = 0;
  }

  #received(data: string): void {
    if (data.startsWith('-')) return this.#closed(this.#byNumber.get(parseInt(data.slice(1), 10)));
    if (!/^\d/.test(data)) return this.#deliver(data);
    this.#targets = data.split(',').flatMap((number) => this.#byNumber.get(Number(number)) ?? []);
  }

  #closed(channel: Channel | undefined): void {
    if (!channel) return;
    this.#forget(channel);
    channel.port.post({ type: 'lost', channel: channel.name });
  }

  #deliver(frame: string): void {
    const targets = this.#targets.filter(({ name }) => this.#byName.has(name));
    for (const port of new Set(targets.map(({ port }) => port))) {
      port.post({ type: 'frame', channels: targets.filter((to) => to.port === port).map(({ name }) => name), frame });
    }
    for (const channel of targets) {
      channel.unread += frame.length;
      if (channel.unread <= UNREAD) continue;
      channel.port.post({ type: 'lost', channel: channel.name });
      this.#remove(channel);
    }
  }
}
