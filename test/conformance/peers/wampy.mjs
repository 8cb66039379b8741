// npm's wampy, unmodified.
import WebSocket from "ws";
import { Wampy } from "wampy";
import { JsonSerializer } from "wampy/JsonSerializer.js";
import { MsgpackSerializer } from "wampy/MsgpackSerializer.js";
import { CborSerializer } from "wampy/CborSerializer.js";
const serializers = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };

export async function connect({ url, realm, ticket, authid, serialization }) {
  const client = new Wampy(url, {
    realm,
    authid,
    authmethods: ["ticket"],
    onChallenge: () => ticket,
    serializer: new serializers[serialization](),
    ws: WebSocket,
    autoReconnect: false,
  });
  const welcome = await settled(client.connect());
  return new Client(client, welcome);
}

class Client {
  #subscriptions = new Map();

  constructor(client, welcome) {
    this.client = client;
    this.session = { authid: welcome.authid, authrole: welcome.authrole };
  }

  async subscribe(topic, match, handler) {
    const onEvent = ({ argsList, argsDict }) => handler({ args: argsList, kwargs: argsDict });
    const options = match === "exact" ? [] : [{ match }]; // 8.0.2 cannot unsubscribe what has options
    this.#subscriptions.set(topic, await settled(this.client.subscribe(topic, onEvent, ...options)));
  }

  async unsubscribe(topic) {
    await settled(this.client.unsubscribe(this.#subscriptions.get(topic).subscriptionKey));
  }

  async publish(topic, { args, kwargs }, options) {
    await settled(this.client.publish(topic, packed(args, kwargs), options));
  }

  async register(procedure, handler) {
    await settled(
      this.client.register(procedure, ({ argsList, argsDict }) => {
        try {
          const { args, kwargs } = handler({ args: argsList, kwargs: argsDict });
          return packed(args, kwargs);
        } catch (e) {
          throw e.uri ? { error: e.uri, argsList: e.args } : e;
        }
      }),
    );
  }

  async unregister(procedure) {
    await settled(this.client.unregister(procedure));
  }

  async call(procedure, { args, kwargs }) {
    const { argsList, argsDict } = await settled(this.client.call(procedure, packed(args, kwargs)));
    return { args: argsList, kwargs: argsDict };
  }

  async close() {
    await settled(this.client.disconnect());
  }
}

// packed is wampy's form for both kinds of arguments; without either there is no payload at all.
function packed(args, kwargs) {
  if (!args && !kwargs) return undefined;
  return { argsList: args ?? [], ...(kwargs && { argsDict: kwargs }) };
}

const settled = (promise) => Promise.resolve(promise).catch((e) => Promise.reject(failure(e)));

function failure(e) {
  return Object.assign(new Error(String(e.message ?? e.error ?? e)), { uri: e.errorUri ?? e.error, args: e.argsList });
}
