// autobahn from npm, unmodified. It expects the built-in APIs of browsers.
import WebSocket from "ws";
import { XMLHttpRequest } from "./xhr.mjs";
globalThis.WebSocket ??= WebSocket;
globalThis.XMLHttpRequest ??= XMLHttpRequest;
const { default: autobahn } = await import("autobahn");
const { JSONSerializer, MsgpackSerializer, CBORSerializer } = autobahn.serializer;
const serializers = { json: JSONSerializer, msgpack: MsgpackSerializer, cbor: CBORSerializer };

// The answers to a CHALLENGE, by method.
const answers = {
  ticket: ({ ticket }) => ticket,
  wampcra({ secret }, { salt, iterations, keylen, challenge }) {
    const { derive_key, sign } = autobahn.auth_cra;
    return sign(salt ? derive_key(secret, salt, iterations, keylen) : secret, challenge);
  },
  cryptosign: (login, extra) => autobahn.auth_cryptosign.sign_challenge(keys(login), extra),
};
const keys = ({ seed }) => autobahn.nacl.sign.keyPair.fromSeed(new Uint8Array(Buffer.from(seed, "hex")));

export function connect(login) {
  const { url, realm, authid, method, serialization } = login;
  const connection = new autobahn.Connection({
    transports: [{ type: url.startsWith("http") ? "longpoll" : "websocket", url }],
    realm,
    authmethods: [method],
    authid,
    authextra: method === "cryptosign" ? { pubkey: autobahn.auth_cryptosign.public_key(keys(login)) } : undefined,
    onchallenge: (_session, asked, extra) => answers[asked](login, extra),
    serializers: [new serializers[serialization]()],
    max_retries: 0,
  });
  return new Promise((resolve, reject) => {
    connection.onopen = (session, details) => resolve(new Client(connection, session, details));
    connection.onclose = (reason, details) => {
      reject(failure({ error: details.reason, args: [details.message ?? reason] }));
      return true; // no further try
    };
    connection.open();
  });
}

class Client {
  #subscriptions = new Map();
  #registrations = new Map();

  constructor(connection, session, details) {
    this.connection = connection;
    this.client = session;
    this.session = { authid: details.authid, authrole: details.authrole };
  }

  async subscribe(topic, match = "exact", handler, options) {
    const onEvent = (args, kwargs) => handler({ args, kwargs });
    this.#subscriptions.set(topic, await settled(this.client.subscribe(topic, onEvent, { match, ...options })));
  }

  async unsubscribe(topic) {
    await settled(this.client.unsubscribe(this.#subscriptions.get(topic)));
  }

  async publish(topic, { args, kwargs }, options) {
    await settled(this.client.publish(topic, args, kwargs, { acknowledge: true, ...options }));
  }

  async register(procedure, handler, options) {
    const onCall = (args, kwargs) => {
      try {
        const result = handler({ args, kwargs });
        return new autobahn.Result(result.args, result.kwargs);
      } catch (e) {
        throw e.uri ? new autobahn.Error(e.uri, e.args) : e;
      }
    };
    this.#registrations.set(procedure, await settled(this.client.register(procedure, onCall, options)));
  }

  async unregister(procedure) {
    await settled(this.client.unregister(this.#registrations.get(procedure)));
  }

  async call(procedure, { args, kwargs }, options) {
    const result = await settled(this.client.call(procedure, args, kwargs, options));
    // A single argument comes bare, anything else as autobahn.Result.
    return result instanceof autobahn.Result
      ? { args: result.args, kwargs: result.kwargs }
      : { args: result === null ? [] : [result] };
  }

  close() {
    return new Promise((resolve) => {
      this.connection.onclose = (reason) => {
        resolve(reason);
        return true;
      };
      this.connection.close();
    });
  }
}

const settled = (promise) => Promise.resolve(promise).catch((e) => Promise.reject(failure(e)));

function failure(e) {
  return Object.assign(new Error(e.args?.[0] ?? e.error ?? String(e)), { uri: e.error, args: e.args });
}
