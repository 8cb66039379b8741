// A client of WAMP version 1, as pages of OroPlatform have it: what it checks, counts and calls was written from a
// description of its behaviour.

/** Why a connection ended. */
export const CLOSED = 0; // a close frame came, whatever its code: the server wants nobody back
export const LOST = 2; // it was open, and ended without a close frame
export const UNREACHABLE = 3; // it was never open
export const NO_TICKET = 4; // the application gave no ticket

const WELCOME = 0;
const PREFIX = 1;
const CALL = 2;
const RESULT = 3;
const ERROR = 4;
const SUBSCRIBE = 5;
const UNSUBSCRIBE = 6;
const PUBLISH = 7;
const EVENT = 8;

/** Opens a connection, and calls `opened` with its session at WELCOME, or `ended` with a code. */
export function open(url, opened, ended) {
  const socket = new WebSocket(url, ['wamp']);
  const session = new Session(socket, opened);
  let reached = false;
  socket.onopen = () => {
    reached = true;
    if (socket.protocol !== 'wamp') {
      socket.close(1000, 'server does not speak WAMP');
      throw new Error('server does not speak WAMP');
    }
  };
  socket.onmessage = ({ data }) => session.receive(JSON.parse(data));
  socket.onclose = ({ wasClean }) => ended(!reached ? UNREACHABLE : wasClean ? CLOSED : LOST, session);
  return session;
}

export class Session {
  #socket;
  #opened;
  #callbacks = new Map();
  #calls = new Map();

  constructor(socket, opened) {
    this.#socket = socket;
    this.#opened = opened;
  }

  receive(message) {
    const [code, id] = message;
    if (this.#calls.has(id)) {
      const { resolve, reject } = this.#calls.get(id);
      this.#calls.delete(id);
      if (code === RESULT) resolve(message[2]);
      if (code === ERROR) reject(new Error(`${message[2]}: ${message[3]}`));
    } else if (code === EVENT) {
      for (const callback of this.#callbacks.get(id) ?? []) callback(id, message[2]);
    } else if (code === WELCOME) {
      if (this.id !== undefined) throw new Error('a second WELCOME');
      this.id = id;
      this.#opened(this);
    }
  }

  #send(...message) {
    this.#socket.send(JSON.stringify(message));
  }

  prefix(prefix, uri) {
    this.#send(PREFIX, prefix, uri);
  }

  call(procedure, ...args) {
    const id = Math.random().toString(36);
    this.#send(CALL, id, procedure, ...args);
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  /** Subscribes a callback. Only the first of a topic is sent. */
  subscribe(topic, callback) {
    const callbacks = this.#callbacks.get(topic);
    if (callbacks === undefined) {
      this.#callbacks.set(topic, [callback]);
      this.#send(SUBSCRIBE, topic);
    } else if (callbacks.includes(callback)) {
      throw new Error(`the callback is subscribed to ${topic} already`);
    } else {
      callbacks.push(callback);
    }
  }

  /** Unsubscribes a callback, or without one all of the topic. Only the last of a topic is sent. */
  unsubscribe(topic, callback) {
    const callbacks = this.#callbacks.get(topic);
    if (callbacks === undefined) throw new Error(`no callback is subscribed to ${topic}`);
    if (callback && callbacks.includes(callback)) callbacks.splice(callbacks.indexOf(callback), 1);
    else callbacks.length = 0;
    if (callbacks.length > 0) return;
    this.#callbacks.delete(topic);
    this.#send(UNSUBSCRIBE, topic);
  }

  /** Publishes; `more` is excludeMe, or the lists exclude and eligible. */
  publish(topic, event, ...more) {
    this.#send(PUBLISH, topic, event, ...more);
  }

  close() {
    this.#socket.close(1000);
  }
}
