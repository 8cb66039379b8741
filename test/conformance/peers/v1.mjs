// A client of WAMP version 1, as browsers still run it: no HELLO, no acknowledgements, one value for
// each event and each result. No package for it is left, so this one is written after the
// specification of 2012.
import { randomUUID } from "node:crypto";
import WebSocket from "ws";

const WELCOME = 0, PREFIX = 1, CALL = 2, CALLRESULT = 3, CALLERROR = 4, SUBSCRIBE = 5, UNSUBSCRIBE = 6, PUBLISH = 7, EVENT = 8;

export function connect({ url, ticket }) {
  const socket = new WebSocket(`${url}?ticket=${encodeURIComponent(ticket)}`, ["wamp"]);
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", (code, reason) => reject(new Error(`closed: ${code} ${reason}`)));
    socket.once("message", (data) => {
      const [type, , version] = JSON.parse(data);
      if (type !== WELCOME || version !== 1) return reject(new Error(`first message: ${data}`));
      resolve(new Client(socket));
    });
  });
}

class Client {
  #handlers = new Map();
  #calls = new Map();

  session = {}; // WELCOME of version 1 has no identity

  constructor(socket) {
    this.socket = socket;
    socket.on("message", (data) => this.#receive(JSON.parse(data)));
  }

  #send(...message) {
    this.socket.send(JSON.stringify(message));
  }

  #receive([type, id, ...rest]) {
    if (type === EVENT) this.#handlers.get(id)?.(asPayload(rest[0]));
    if (type !== CALLRESULT && type !== CALLERROR) return;
    const { resolve, reject } = this.#calls.get(id);
    this.#calls.delete(id);
    if (type === CALLRESULT) resolve(asPayload(rest[0]));
    else reject(Object.assign(new Error(rest[1]), { uri: rest[0], args: rest[2] === undefined ? [] : [rest[2]] }));
  }

  // Subscribing has no acknowledgement. An answered call that was sent later proves that it is done.
  async #settle() {
    await this.call("conformance.no.such.procedure", { args: [] }).catch(() => {});
  }

  async subscribe(topic, _match, handler) {
    this.#handlers.set(topic, handler);
    this.#send(PREFIX, "short", topic.slice(0, 4)); // half of the topic goes as a CURIE
    this.#send(SUBSCRIBE, `short:${topic.slice(4)}`);
    await this.#settle();
  }

  async unsubscribe(topic) {
    this.#send(UNSUBSCRIBE, topic);
    await this.#settle();
  }

  async publish(topic, { args }, options) {
    const me = options?.exclude_me;
    this.#send(PUBLISH, topic, args?.[0] ?? null, ...(me === undefined ? [] : [me]));
    await this.#settle();
  }

  call(procedure, { args }) {
    const id = randomUUID();
    this.#send(CALL, id, procedure, ...(args ?? []));
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  close() {
    return new Promise((resolve) => {
      this.socket.once("close", () => resolve());
      this.socket.close(1000);
    });
  }
}

const asPayload = (value) => ({ args: [value] });
