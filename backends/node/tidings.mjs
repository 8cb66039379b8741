// The backend's side of Tidings for Node.js 20 and newer, in one file and with nothing but Node.js itself. Copy it, and
// change nothing. Its types are in JSDoc, so TypeScript checks its callers.
//
//     import { Tidings, topic, verify } from "./tidings.mjs";
//
//     const tidings = new Tidings("http://127.0.0.1:8080", { key: process.env.ERP_KEY, secret: process.env.TIDINGS_SECRET });
//
//     // The ticket endpoint, for the user of the current login (a POST with your framework's CSRF check):
//     response.json({ ticket: await tidings.ticket(user.id, { name: user.name, roles: ["staff"] }) });
//
//     // After the commit of a save. Without `await` the answer to the page does not wait at all:
//     await db.commit();
//     void tidings.changed([`order.${id}`], { author: user, tab: request.headers["tidings-tab"], version });
//     void tidings.flash("ann@example.com", "Your report is ready", { level: "success", href: "/reports/7" });
//     void tidings.publish(topic("price.{symbol}", { symbol: "ACME" }), { kwargs: { amount: 12.5 } });
//
//     // In a webhook of Tidings, with the bytes of the body:
//     if (!verify(body, request.headers["tidings-signature"], process.env.HOOK_SECRET)) return response.sendStatus(401);
//
// A notification neither delays nor fails a save. A call takes at most `timeout` milliseconds (1000), retries included.
// If it fails, the reason is logged and the result is null; the promise never rejects. After a server has not answered,
// calls in the next `pause` milliseconds (2000) fail at once. With `strict: true` a call rejects with Failed instead; use
// that where something tries again, such as a queue, and pass the same idempotencyKey each time. `ticket` always rejects:
// answer 503, and the page tries again.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** @typedef {string | number} Id */
/** @typedef {Record<string, unknown>} Json */
/** @typedef {{ publication: number, deliveries: number, repeated?: boolean, epoch?: string, seq?: number }} Receipt */
/** @typedef {{ change: string, notified: number }} Change */
/** @typedef {{ id: string, name: string, mode: "view" | "edit", tabs: number }} Person */
/** @typedef {{ record: string, people: Person[], count: number, revision: number }} Attendance */
/** @typedef {{ on: boolean, message: string, since: string | null, by: string, operators: string[] }} Maintenance */

/** The separators of topics, white space, and the percent sign: docs/protocol.md has the rule. */
const SEPARATES = /[%./#\x09-\x0d\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g;
const LARGE = 1 << 20; // the server's default of limits.body_bytes, in bytes
const TEMPORARY = new Set([408, 429, 500, 502, 503, 504]);

/** A call that failed. `status` is that of HTTP, or 0 without an answer; `problem` is the server's problem document. */
export class Failed extends Error {
  /** @param {string} message @param {{ status?: number, problem?: Json, temporary?: boolean, retryAfter?: number, cause?: unknown }} [about] */
  constructor(message, { status = 0, problem = {}, temporary = false, retryAfter = 0, cause } = {}) {
    super(message, { cause });
    this.name = "Failed";
    this.status = status;
    this.problem = problem;
    this.temporary = temporary;
    this.retryAfter = retryAfter; // milliseconds
  }
}

export class Tidings {
  #url;
  #options;
  #pausedUntil = 0;

  /**
   * `url` has the path of a proxy if there is one. `key` is an API key. With `secret`, the server's auth.tickets.secret,
   * tickets are signed here; without it the server is asked.
   * @param {string} url
   * @param {{ key?: string, secret?: string, timeout?: number, attempts?: number, pause?: number, strict?: boolean, log?: (line: string) => void }} [options]
   */
  constructor(url, { key = "", secret = "", timeout = 1000, attempts = 3, pause = 2000, strict = false, log = console.warn } = {}) {
    if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
      throw new TypeError(`Tidings: the url must be like http://127.0.0.1:8080, not "${url}"`);
    }
    for (const [name, value] of Object.entries({ key, secret })) {
      if (/^["'\s]|[\x00-\x1f\x7f]|["'\s]$/.test(value)) {
        throw new TypeError(`Tidings: the ${name} has control characters, or quotes or spaces at its ends: take them away`);
      }
    }
    this.#url = url.replace(/\/+$/, "");
    this.#options = { key, secret, timeout, attempts, pause, strict, log };
  }

  /**
   * Returns a one-time ticket for a user: a page connects with it, once and in `ttl` seconds. The session ends after
   * `session` seconds; 0: it has no end.
   * @param {Id} user
   * @param {{ name?: string, roles?: string[], tenant?: string, claims?: Json, ttl?: number, session?: number }} [about]
   * @returns {Promise<string>}
   */
  async ticket(user, { name, roles, tenant, claims, ttl = 60, session = 0 } = {}) {
    if (`${user ?? ""}` === "") throw new Failed("Tidings: a ticket needs the id of a user");
    const { secret } = this.#options;
    const about = { name, roles, tenant, claims };
    if (!secret) {
      const body = { ...about, user: `${user}`, ttl: `${ttl}s`, session: session ? `${session}s` : undefined };
      return /** @type {string} */ ((await this.#request("issue a ticket", "POST", "tickets", body)).ticket);
    }
    const now = Math.floor(Date.now() / 1000);
    const signed = [
      { alg: "HS256", typ: "JWT" },
      { ...about, jti: randomBytes(16).toString("hex"), sub: `${user}`, aud: "tidings", iat: now, exp: now + ttl, session: session || undefined },
    ].map((part) => Buffer.from(encode(part)).toString("base64url")).join(".");
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  }

  /**
   * Publishes an event. A retry with the same idempotency key, in 15 minutes, is the same event. Other members of
   * `event` are those of the HTTP API: version, eligible_authid, key, delete, retain.
   * @param {string} topic
   * @param {{ args?: unknown[], kwargs?: Json, idempotencyKey?: string, [member: string]: unknown }} [event]
   * @returns {Promise<Receipt | null>} null if it failed
   */
  publish(topic, { idempotencyKey = newKey(), ...event } = {}) {
    return /** @type {Promise<Receipt | null>} */ (this.#notify(`publish to ${topic}`, "POST", "publish", { topic, ...event }, idempotencyKey));
  }

  /**
   * Reports that content has changed. Call it after the commit. The page of `tab` is not told, if `author` is its user.
   * @param {string[]} tags
   * @param {{ author?: { id: Id, name?: string }, tab?: string | string[], version?: Id, fields?: string[], idempotencyKey?: string }} [change]
   * @returns {Promise<Change | null>} null if it failed
   */
  changed(tags, { author, tab, version, fields, idempotencyKey = newKey() } = {}) {
    const body = {
      tags, fields, tab: tab ? `${tab}` : undefined, version: version === undefined ? undefined : `${version}`,
      author: author && { id: `${author.id}`, name: author.name ?? "" },
    };
    const what = `report that ${[tags].flat().slice(0, 3).join(", ")} changed`;
    return /** @type {Promise<Change | null>} */ (this.#notify(what, "POST", "content/changed", body, idempotencyKey));
  }

  /**
   * Shows a message on the pages of a user. `contract` is that of such messages.
   * @param {Id} user
   * @param {string} text
   * @param {{ level?: "info" | "success" | "warning" | "error", title?: string, href?: string, contract?: string, idempotencyKey?: string }} [message]
   */
  async flash(user, text, { level = "info", title, href, contract = "user.{user}.flash", idempotencyKey } = {}) {
    try {
      return await this.publish(topic(contract, { user }), { kwargs: { level, text, title, href }, idempotencyKey });
    } catch (failed) {
      return this.#failed(failed);
    }
  }

  /**
   * Returns the people at a record.
   * @param {string} record
   * @returns {Promise<Attendance | null>} null if it failed
   */
  presence(record) {
    return /** @type {Promise<Attendance | null>} */ (this.#notify(`read who is at ${record}`, "GET", `presence/${encodeURIComponent(record)}`));
  }

  /** Returns the state of the site. @returns {Promise<Maintenance | null>} null if it failed */
  maintenance() {
    return /** @type {Promise<Maintenance | null>} */ (this.#notify("read the state of maintenance", "GET", "maintenance"));
  }

  /**
   * Covers all pages with a message, except those of the operators, which are ids of users.
   * @param {string} message
   * @param {{ operators?: Id[], by?: string }} [about]
   * @returns {Promise<Maintenance | null>} null if it failed
   */
  maintenanceOn(message, { operators, by } = {}) {
    const body = { message, operators: operators?.map(String), by };
    return /** @type {Promise<Maintenance | null>} */ (this.#notify("turn maintenance on", "PUT", "maintenance", body));
  }

  /** Uncovers all pages. @returns {Promise<Maintenance | null>} null if it failed */
  maintenanceOff() {
    return /** @type {Promise<Maintenance | null>} */ (this.#notify("turn maintenance off", "DELETE", "maintenance"));
  }

  /**
   * Sends a request, and logs a failure unless the client is strict.
   * @param {[what: string, method: string, path: string, body?: object, idempotencyKey?: string]} request
   */
  async #notify(...request) {
    try {
      return await this.#request(...request);
    } catch (failed) {
      return this.#failed(failed);
    }
  }

  /** Throws a failure if the client is strict, and logs it otherwise. @param {unknown} failed */
  #failed(failed) {
    if (this.#options.strict || !(failed instanceof Failed)) throw failed;
    this.#options.log(failed.message);
    return null;
  }

  /**
   * Sends a request, again where that is of use, until the time is over.
   * @param {string} what @param {string} method @param {string} path @param {object} [body] @param {string} [idempotencyKey]
   * @returns {Promise<Json>}
   */
  async #request(what, method, path, body, idempotencyKey) {
    const { timeout, attempts, pause } = this.#options;
    const deadline = performance.now() + timeout;
    const signal = AbortSignal.timeout(timeout);
    try {
      if (performance.now() < this.#pausedUntil) throw new Failed(`${this.#url} has just not answered; calls pause for ${pause} ms`);
      const text = body && encode(body);
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#exchange(method, path, text, idempotencyKey, signal);
        } catch (failed) {
          if (!(failed instanceof Failed)) throw failed;
          const wait = Math.max(failed.retryAfter, 50 * 4 ** (attempt - 1) * (1 + Math.random()));
          if (!failed.temporary || attempt >= attempts || performance.now() + wait >= deadline) {
            this.#pausedUntil = failed.status === 0 ? performance.now() + pause : 0;
            throw failed;
          }
          await sleep(wait);
        }
      }
    } catch (cause) {
      const { message, status, problem, temporary, retryAfter } = cause instanceof Failed ? cause : new Failed(String(cause));
      throw new Failed(`Tidings: cannot ${what}: ${message}`, { status, problem, temporary, retryAfter, cause });
    }
  }

  /**
   * Sends one request and returns the answer.
   * @param {string} method @param {string} path @param {string | undefined} body @param {string | undefined} idempotencyKey @param {AbortSignal} signal
   * @returns {Promise<Json>}
   */
  async #exchange(method, path, body, idempotencyKey, signal) {
    const { key, timeout } = this.#options;
    const headers = new Headers({ Accept: "application/json", "User-Agent": "tidings-node" });
    if (body !== undefined) headers.set("Content-Type", "application/json");
    if (key) headers.set("Authorization", `Bearer ${key}`);
    if (idempotencyKey) headers.set("Idempotency-Key", idempotencyKey);
    let response, text;
    try {
      response = await fetch(`${this.#url}/api/v1/${path}`, { method, headers, body, signal, redirect: "manual" });
      text = await response.text();
    } catch (cause) {
      if (signal.aborted) throw new Failed(`no answer from ${this.#url} in ${timeout} ms`, { temporary: true, cause });
      const { message, code } = /** @type {NodeJS.ErrnoException} */ (cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause);
      if (!/^(ECONNRESET|EPIPE|UND_ERR_SOCKET|HPE_\w+)$/.test(code ?? "")) {
        throw new Failed(`cannot connect to ${this.#url} (${message || code}): does the server run?`, { temporary: true, cause });
      }
      const size = Buffer.byteLength(body ?? "");
      const hint = size > LARGE ? `: are ${size} bytes more than its limits.body_bytes?` : "";
      throw new Failed(`${this.#url} ended the connection without an answer (${message || code})${hint}`, { temporary: true, cause });
    }
    const answer = parse(text);
    if (response.ok && answer) return answer;
    const { status } = response;
    const reason = response.ok ? "the answer is not JSON" : "no reason is given";
    const detail = answer?.detail ?? `${reason}: is this the address of Tidings?`;
    const retryAfter = milliseconds(response.headers.get("Retry-After"));
    throw new Failed(`${this.#url} answered ${status}: ${detail}`, { status, problem: answer ?? {}, temporary: TEMPORARY.has(status), retryAfter });
  }
}

/**
 * Returns the topic, tag or record of a contract. Characters that separate are percent-encoded: an e-mail address is one
 * parameter.
 * @param {string} contract
 * @param {Record<string, Id>} params
 */
export function topic(contract, params) {
  return contract.replace(/\{(\w+)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g, (_, name) => {
    const value = `${params[name] ?? ""}`;
    if (value === "") throw new Failed(`Tidings: ${contract} needs a value for ${name}`);
    return value.replace(SEPARATES, (c) => (c === "." ? "%2E" : encodeURIComponent(c)));
  });
}

/**
 * Reports whether Tidings has sent the body of a webhook. `signature` is the header Tidings-Signature. A request that is
 * older than `tolerance` seconds is refused, since it may be a recorded one.
 * @param {string | Uint8Array} body
 * @param {string | string[] | undefined | null} signature
 * @param {string | undefined} secret
 */
export function verify(body, signature, secret, tolerance = 300) {
  const found = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(`${signature ?? ""}`);
  if (!secret || !found) return false;
  const known = createHmac("sha256", secret).update(`${found[1]}.`).update(body).digest();
  return timingSafeEqual(known, Buffer.from(found[2], "hex")) && Math.abs(Date.now() / 1000 - Number(found[1])) <= tolerance;
}

const newKey = () => randomBytes(16).toString("hex");

/** Encodes a body. Half of a character has no UTF-8. @param {object} value */
function encode(value) {
  try {
    return JSON.stringify(value, (_, v) => (typeof v === "string" ? v.replace(/\p{Surrogate}/gu, "\ufffd") : v));
  } catch (cause) {
    throw new Failed(`the payload cannot be written as JSON: ${cause}`, { cause });
  }
}

/** Returns a JSON object, or null. @param {string} text @returns {Json | null} */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** Returns how long the header Retry-After asks to wait. @param {string | null} retryAfter */
function milliseconds(retryAfter) {
  const text = retryAfter ?? "0";
  return (/^\d+$/.test(text) ? Number(text) * 1000 : Math.max(0, Date.parse(text) - Date.now())) || 0;
}
