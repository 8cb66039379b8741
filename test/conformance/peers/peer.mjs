// Runs one client for a test: commands arrive as lines of JSON on standard input,
// answers and events leave as lines of JSON on standard output.
//
//   {"id": 1, "do": "subscribe", "topic": "t"}   ->  {"id": 1, "ok": null} or {"id": 1, "error": {...}}
//                                                    {"event": "t", "args": [...], "kwargs": {...}}
import { createInterface } from "node:readline";
import { fromNeutral, toNeutral } from "./values.mjs";

const [name, serialization] = process.argv.slice(2);
const { connect } = await import(`./${name}.mjs`);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

let client;
const commands = {
  async connect(login) {
    client = await connect({ ...login, serialization });
    return client.session;
  },
  subscribe: ({ topic, match, options }) =>
    client.subscribe(topic, match, (event) => say({ event: topic, ...neutral(event) }), options),
  unsubscribe: ({ topic }) => client.unsubscribe(topic),
  publish: ({ topic, args, kwargs, options }) => client.publish(topic, native({ args, kwargs }), options),
  // A procedure returns its arguments, or the value in send, or fails as its arguments say.
  register: ({ procedure, options }) =>
    client.register(
      procedure,
      (call) => {
        const fail = call.kwargs?.fail;
        if (fail) throw Object.assign(new Error(fail), { uri: fail, args: call.args });
        if (call.kwargs?.send) return native({ args: [call.kwargs.send] });
        return call;
      },
      options,
    ),
  unregister: ({ procedure }) => client.unregister(procedure),
  async call({ procedure, args, kwargs, options }) {
    return neutral(await client.call(procedure, native({ args, kwargs }), options));
  },
  close: () => client.close(),
};

function neutral({ args, kwargs }) {
  return { args: toNeutral(args ?? []), kwargs: toNeutral(kwargs ?? {}) };
}

function native({ args, kwargs }) {
  return { args: fromNeutral(args, serialization), kwargs: fromNeutral(kwargs, serialization) };
}

async function obey({ id, do: command, ...parameters }) {
  try {
    say({ id, ok: (await commands[command](parameters)) ?? null });
  } catch (e) {
    say({ id, error: { uri: e.uri ?? "", message: String(e.message ?? e), args: toNeutral(e.args ?? []) } });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  await obey(JSON.parse(line));
}
process.exit(0);
