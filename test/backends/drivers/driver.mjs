// Calls the client of Node.js as its standard input says: a JSON object on each line is one call, and so is each answer.
import { createInterface } from "node:readline";
import { Failed, Tidings, topic, verify } from "../../../backends/node/tidings.mjs";

const log = [];
let client;
const calls = {
  new: ({ url, pause = 0, ...options }) => {
    client = new Tidings(url, { ...options, pause: pause * 1000, log: (line) => log.push(line) });
  },
  ticket: ({ user, ...about }) => client.ticket(user, about),
  publish: ({ topic, idempotency_key: idempotencyKey, ...event }) => client.publish(topic, { idempotencyKey, ...event }),
  changed: ({ tags, idempotency_key: idempotencyKey, ...change }) => client.changed(tags, { idempotencyKey, ...change }),
  flash: ({ user, text, level, cut }) => client.flash(user, cut ? text.slice(0, -1) : text, { level }),
  presence: ({ record }) => client.presence(record),
  maintenance: () => client.maintenance(),
  maintenance_on: ({ message, operators }) => client.maintenanceOn(message, { operators }),
  maintenance_off: () => client.maintenanceOff(),
  verify: ({ body, signature, secret }) => verify(Buffer.from(body), signature, secret),
  topic: ({ contract, params }) => topic(contract, params),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { call, with: given = {} } = JSON.parse(line);
  log.length = 0;
  const answer = { result: null, error: "", status: 0, temporary: false };
  const begun = performance.now();
  try {
    answer.result = (await calls[call](given)) ?? null;
  } catch (error) {
    if (!(error instanceof Failed || error instanceof TypeError)) throw error;
    Object.assign(answer, { error: error.message, status: error.status ?? 0, temporary: error.temporary ?? false });
  }
  console.log(JSON.stringify({ ...answer, log, seconds: (performance.now() - begun) / 1000 }));
}
