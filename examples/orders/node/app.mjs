// An order form in Node.js whose users see who else edits, what others have saved, and when maintenance begins.
import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Tidings } from "../../../backends/node/tidings.mjs";

const { TIDINGS_URL = "http://127.0.0.1:8080", ORDERS_KEY, TIDINGS_SECRET, PORT = "8003" } = process.env;
const USERS = { ann: "Ann Miller", ben: "Ben Okafor" }; // your application has its own
const tidings = new Tidings(TIDINGS_URL, { key: ORDERS_KEY, secret: TIDINGS_SECRET });
const page = (name) => readFileSync(new URL(`../page/${name}`, import.meta.url), "utf8");
const sessions = new Map();
let order = { version: 1, status: "open", note: "", by: "Ann Miller" }; // your application has a database

const routes = {
  "GET /": ({ user, csrf, html }) => {
    const app = { user, operator: user.id === "ann", csrf, tidings: TIDINGS_URL, order };
    html(page("order.html").replace("__TIDINGS__", () => TIDINGS_URL).replace("__APP__", () => JSON.stringify(app).replaceAll("<", "\\u003c")));
  },
  "GET /order": ({ json }) => json(200, order),
  "PUT /order": async ({ user, body, tab, json }) => {
    if (body.version !== order.version) return json(409, { by: order.by });
    const saved = { version: order.version + 1, status: body.status, note: body.note, by: user.name };
    order = saved; // the transaction
    await tidings.changed(["order.42"], { author: user, tab, version: saved.version }); // after the commit
    const people = (await tidings.presence("order.42"))?.people ?? [];
    const editors = people.filter(({ id, mode }) => mode === "edit" && id !== user.id).map(({ name }) => name);
    json(200, { order: saved, editors });
  },
  "POST /ticket": ({ user, json }) => tidings.ticket(user.id, { name: user.name, roles: ["staff"] })
    .then((ticket) => json(200, { ticket }))
    .catch((failed) => {
      console.error(failed.message);
      json(503, { error: "no ticket now" });
    }),
  "POST /maintenance": async ({ user, body: { message }, json }) => {
    if (user.id !== "ann") return json(403, { error: "only operators may" });
    await (message ? tidings.maintenanceOn(message, { operators: ["ann"], by: user.name }) : tidings.maintenanceOff());
    json(200, {});
  },
};

async function handle(request, response) {
  const [asked, sent] = [`${request.method} ${request.url}`, await text(request)];
  const send = (status, kind, body, headers) =>
    response.writeHead(status, { "Content-Type": kind, "Cache-Control": "no-store", ...headers }).end(body);
  const json = (status, body) => send(status, "application/json", JSON.stringify(body));
  if (asked === "GET /order.css") return send(200, "text/css", page("order.css"));
  if (asked === "GET /order.js") return send(200, "text/javascript", page("order.js"));
  if (asked === "GET /loader.js") return send(200, "text/javascript", page("../../../web/dist/client/loader.js"));
  const id = asked === "POST /login" && new URLSearchParams(sent).get("user");
  if (id && Object.hasOwn(USERS, id)) {
    const sid = randomBytes(16).toString("hex");
    sessions.set(sid, { user: { id, name: USERS[id] }, csrf: randomBytes(16).toString("hex") });
    return send(303, "text/plain", "", { Location: "/", "Set-Cookie": `orders_node=${sid}; HttpOnly; SameSite=Lax` });
  }
  const { user, csrf } = sessions.get(/\borders_node=(\w+)/.exec(request.headers.cookie ?? "")?.[1]) ?? {};
  if (!user) return send(request.url === "/" ? 200 : 401, "text/html; charset=utf-8", page("login.html"));
  const given = Buffer.from(request.headers["x-csrf-token"] ?? "");
  if (request.method !== "GET" && (given.length !== csrf.length || !timingSafeEqual(given, Buffer.from(csrf)))) {
    return json(403, { error: "load the page again" });
  }
  const route = routes[asked] ?? (() => json(404, { error: `there is no ${asked}` }));
  const html = (body) => send(200, "text/html; charset=utf-8", body);
  return route({ user, csrf, body: sent ? JSON.parse(sent) : {}, tab: request.headers["tidings-tab"], json, html });
}

const server = createServer((request, response) => handle(request, response).catch((error) => {
  console.error(error);
  response.writeHead(500, { "Content-Type": "application/json" }).end('{"error":"see the log"}');
}));
server.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
