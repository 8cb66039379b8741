import { connect } from "./tidings.js";

// src/channels.ts
var Channels = class {
	#connection;
	#gap;
	#all = /* @__PURE__ */ new Map();
	constructor(connection, gap) {
		this.#connection = connection;
		this.#gap = gap;
	}
	subscribe(name, callback) {
		if (typeof callback !== "function") throw new TypeError(`the callback of ${name} is not a function`);
		const known = this.#all.get(name);
		if (known) {
			known.callbacks = [...known.callbacks, callback];
			return;
		}
		const subscription = this.#connection.subscribe(name, ({ payload }) => this.#deliver(name, payload), { onGap: (gap) => this.#gap(name, gap) });
		this.#all.set(name, {
			callbacks: [callback],
			subscription
		});
	}
	unsubscribe(name, callback) {
		const channel = this.#all.get(name);
		if (!channel) return;
		channel.callbacks = callback !== void 0 && channel.callbacks.includes(callback) ? channel.callbacks.filter((one) => one !== callback) : [];
		if (channel.callbacks.length > 0) return;
		this.#all.delete(name);
		channel.subscription.release();
	}
	#deliver(name, payload) {
		const value = valueOf(payload);
		for (const callback of this.#all.get(name)?.callbacks ?? []) try {
			callback(value);
		} catch (error) {
			console.error(`tidings: a callback of ${name} has failed:`, error);
		}
	}
};
function valueOf({ args, kwargs }) {
	const [named, several] = [Object.keys(kwargs).length > 0, args.length > 1];
	if (named) return args.length > 0 ? {
		args,
		kwargs
	} : kwargs;
	return several ? args : args[0] ?? null;
}

// src/events.ts
var Events = class {
	#listening = /* @__PURE__ */ new Set();
	on(names, callback, context) {
		for (const [name, called, of] of pairs(names, callback, context)) this.#add(name, called, of);
		return this;
	}
	once(names, callback, context) {
		for (const [name, called, of] of pairs(names, callback, context)) {
			const run = (...args) => {
				this.off(name, run);
				called.apply(of ?? this, args);
			};
			run._callback = called;
			this.#add(name, run, of);
		}
		return this;
	}
	off(names, callback, context) {
		const events = this._events;
		if (!events) return this;
		const all = Object.keys(events);
		const wanted = names === void 0 || names === null ? all.map((name) => [
			name,
			callback,
			context
		]) : pairs(names, callback, context);
		for (const [name, called, of] of wanted) {
			const kept = (events[name] ?? []).filter((handler) => !fits(handler, called, of));
			if (kept.length > 0) events[name] = kept;
			else delete events[name];
		}
		return this;
	}
	trigger(names, ...args) {
		for (const name of names.split(/\s+/)) {
			const events = this._events ?? {};
			const [own, all] = [events[name] ?? [], name === "all" ? [] : events["all"] ?? []];
			for (const { callback, ctx } of own) callback.apply(ctx, args);
			for (const { callback, ctx } of all) callback.apply(ctx, [name, ...args]);
		}
		return this;
	}
	listenTo(to, names, callback) {
		return this.#listen("on", to, names, callback);
	}
	listenToOnce(to, names, callback) {
		return this.#listen("once", to, names, callback);
	}
	stopListening(to, names, callback) {
		const wanted = names === void 0 || names === null ? null : pairs(names, callback, void 0);
		for (const one of [...this.#listening]) {
			if (to && one.to !== to) continue;
			if (!(wanted?.some(([name, called]) => name === one.name && (!called || called === one.callback)) ?? (!callback || callback === one.callback))) continue;
			one.to.off(one.name, one.callback, this);
			this.#listening.delete(one);
		}
		return this;
	}
	#listen(how, to, names, callback) {
		for (const [name, called] of pairs(names, callback, void 0)) {
			to[how](name, called, this);
			this.#listening.add({
				to,
				name,
				callback: called
			});
		}
		return this;
	}
	#add(name, callback, context) {
		const events = this._events ??= {};
		events[name] = [...events[name] ?? [], {
			callback,
			context,
			ctx: context ?? this
		}];
	}
};
Events.prototype.bind = Events.prototype.on;
Events.prototype.unbind = Events.prototype.off;
function pairs(names, callback, context) {
	if (typeof names === "string") return names.trim().split(/\s+/).map((name) => [
		name,
		callback,
		context
	]);
	return Object.entries(names).flatMap(([text, called]) => pairs(text, called, context ?? callback));
}
function fits(handler, callback, context) {
	const called = handler.callback;
	return (!callback || called === callback || called._callback === callback) && (!context || handler.context === context);
}

// src/outage.ts
var LONGEST = 6e5;
var TICKETS = /* @__PURE__ */ new Set(["no_ticket", "denied"]);
var Outage = class {
	#options;
	#events;
	#told = "nothing";
	#loss = {
		code: 3,
		reason: "unopened",
		message: "the connection did not open",
		retries: 0
	};
	#retryAt = 0;
	#wasOpen = false;
	#opened = false;
	#refusals = 0;
	#away = null;
	#absence = {
		ms: 0,
		left: false
	};
	#waits;
	#retries;
	constructor(options, events) {
		this.#options = options;
		this.#events = events;
	}
	get absence() {
		return this.#absence;
	}
	see(state) {
		clearTimeout(this.#retries);
		if (state.name === "open") this.#back();
		else if (this.#wasOpen) this.#away ??= {
			since: Date.now(),
			left: state.name === "waiting" && state.reason === "suspended"
		};
		switch (state.name) {
			case "open": return this.#up();
			case "waiting":
				if (state.reason === "suspended") return this.#pause();
				this.#note(TICKETS.has(state.reason) ? 4 : this.#opened ? 2 : 3, state, state.tries, state.retryAt.getTime());
				return this.#down(this.#options.patience);
			case "refused": return this.#refused(state);
			case "closed": return this.#pause();
			default: if (this.#opened) this.#down(this.#options.patience);
		}
	}
	#back() {
		this.#wasOpen = true;
		this.#absence = this.#away ? {
			ms: Date.now() - this.#away.since,
			left: this.#away.left
		} : this.#absence;
		this.#away = null;
	}
	#up() {
		this.#pause();
		this.#refusals = 0;
		this.#opened = true;
		this.#note(2, {
			reason: "lost",
			message: "the connection was lost"
		}, 0, 0);
		if (this.#told === "established") return;
		this.#told = "established";
		this.#events.established();
	}
	#down(patience) {
		if (this.#told === "lost" || this.#waits !== void 0 && patience > 0) return;
		clearTimeout(this.#waits);
		if (patience <= 0) return this.#tell();
		this.#waits = setTimeout(() => this.#tell(), patience);
	}
	#tell() {
		this.#waits = void 0;
		this.#told = "lost";
		this.#opened = false;
		const delay = Math.max(0, Math.round(this.#retryAt - Date.now()));
		this.#events.lost({
			...this.#loss,
			delay,
			retryDelay: delay
		});
	}
	#refused(why) {
		const delay = Math.min(this.#options.retryDelay * ++this.#refusals, LONGEST);
		this.#retries = setTimeout(() => this.#events.retry(), delay);
		this.#note(4, why, this.#refusals, Date.now() + delay);
		this.#down(0);
	}
	#note(code, { reason, message }, retries, retryAt) {
		this.#loss = {
			code,
			reason,
			message,
			retries
		};
		this.#retryAt = retryAt;
	}
	#pause() {
		clearTimeout(this.#waits);
		this.#waits = void 0;
	}
};

// src/tickets.ts
function ticketsFrom(options) {
	const { syncTicketUrl, fetchTicket } = options;
	if (fetchTicket) return fetchTicket;
	return syncTicketUrl ? ({ signal }) => ticket(syncTicketUrl, options, signal) : void 0;
}
async function ticket(url, { headers }, signal) {
	const sent = new Headers({
		Accept: "application/json",
		"X-Requested-With": "XMLHttpRequest"
	});
	const token = csrfToken(document.cookie, location.protocol);
	if (token !== null) sent.set("X-CSRF-Header", token);
	new Headers(typeof headers === "function" ? headers() : headers).forEach((value, name) => sent.set(name, value));
	const answer = await fetch(url, {
		method: "POST",
		headers: sent,
		credentials: "same-origin",
		cache: "no-store",
		signal
	});
	if (!answer.ok) throw new Error(`${url} has answered ${answer.status} in place of a ticket`);
	const body = await answer.json().catch(() => null);
	if (typeof body?.ticket !== "string") throw new Error(`${url} has answered without a ticket: the user may be logged out`);
	return body.ticket;
}
function csrfToken(cookies, protocol) {
	const name = protocol === "https:" ? "https-_csrf" : "_csrf";
	for (const cookie of cookies.split(/;\s*/)) if (cookie.startsWith(`${name}=`)) return decode(cookie.slice(name.length + 1));
	return null;
}
function decode(value) {
	try {
		return decodeURIComponent(value);
	} catch {
		return value;
	}
}

// src/oro.ts
var PATIENCE = 15e3;
var RETRY = 6e4;
var MISSED_FOR = 6e5;
var MADE_UP = /* @__PURE__ */ new Set([
	"oro/data/update",
	"oro/maintenance",
	"oro/ping"
]);
var Wamp = class extends Events {
	connection;
	#channels;
	constructor(options) {
		super();
		const { onError, quiet, realm, debug } = options;
		const ticket = ticketsFrom(options);
		this.connection = connect({
			url: addressFrom(options),
			share: shareFrom(options.share),
			...ticket && { ticket },
			...realm !== void 0 && { realm },
			...debug !== void 0 && { debug },
			...quiet !== void 0 && { quiet },
			...onError && { onError }
		});
		const outage = new Outage({
			patience: options.keepReconnectTimeout ?? PATIENCE,
			retryDelay: options.retryDelay ?? RETRY
		}, {
			established: () => this.#tell("connection_established"),
			lost: (loss) => this.#tell("connection_lost", loss),
			retry: () => this.connection.retry()
		});
		this.connection.onState((state) => outage.see(state));
		const { missedFor = MISSED_FOR } = options;
		this.#channels = new Channels(this.connection, (channel, { kept }) => {
			const { ms, left } = outage.absence;
			if (!(!kept && MADE_UP.has(channel) && !left && ms < missedFor)) this.#tell("gap", {
				channel,
				kept
			});
		});
	}
	connect() {
		this.connection.retry();
	}
	subscribe(channel, callback) {
		this.#channels.subscribe(channel, callback);
	}
	unsubscribe(channel, callback) {
		this.#channels.unsubscribe(channel, callback);
	}
	#tell(event, ...args) {
		this.trigger(event, ...args);
	}
};
function shareFrom(share = true) {
	return share;
}
function addressFrom({ host, port, path = "", secure = false }) {
	if (!host) throw new Error("the option host is required: the name of the WebSocket server, or *");
	const name = host === "*" ? location.hostname : host;
	return `${secure === false || secure === "" || secure === "false" || secure === "0" ? "ws" : "wss"}://${name}${port ? `:${port}` : ""}/${path.replace(/^\/+|\/+$/g, "")}`;
}

export { Wamp as default };
