/**
 * Events with the methods of Backbone.Events, without Backbone. Handlers are kept in `_events` in the form that Backbone
 * keeps them in, because `listenTo` of Backbone 1.2 and 1.3 adds them to that member and calls no method of this class.
 */
export type Callback = (...args: any[]) => void;

interface Handler {
  readonly callback: Callback & { readonly _callback?: Callback };
  readonly context: unknown; // as it was given
  readonly ctx: unknown; // of the call
}

interface Listening {
  readonly to: Events;
  readonly name: string;
  readonly callback: Callback;
}

type Names = string | Readonly<Record<string, Callback>>;

export class Events {
  /** @internal */
  declare _events: Record<string, Handler[]> | undefined;
  readonly #listening = new Set<Listening>();

  /** Calls the callback at each event of these names, which are separated by spaces. `all` is called at every event, with its name. */
  on(names: string, callback: Callback, context?: unknown): this;
  on(callbacks: Readonly<Record<string, Callback>>, context?: unknown): this;
  on(names: Names, callback?: unknown, context?: unknown): this {
    for (const [name, called, of] of pairs(names, callback, context)) this.#add(name, called!, of);
    return this;
  }

  /** Calls the callback at the next event of each of these names. */
  once(names: string, callback: Callback, context?: unknown): this;
  once(callbacks: Readonly<Record<string, Callback>>, context?: unknown): this;
  once(names: Names, callback?: unknown, context?: unknown): this {
    for (const [name, called, of] of pairs(names, callback, context)) {
      const run: Callback & { _callback?: Callback } = (...args) => {
        this.off(name, run);
        called!.apply(of ?? this, args);
      };
      run._callback = called!;
      this.#add(name, run, of);
    }
    return this;
  }

  /** Removes what fits: of these names, with this callback, with this context. What is left out fits always. */
  off(names?: string | null, callback?: Callback | null, context?: unknown): this;
  off(callbacks: Readonly<Record<string, Callback>>, context?: unknown): this;
  off(names?: Names | null, callback?: unknown, context?: unknown): this {
    const events = this._events;
    if (!events) return this;
    const all = Object.keys(events);
    const wanted = names === undefined || names === null ? all.map((name) => [name, callback as Callback | null | undefined, context] as const) : pairs(names, callback, context);
    for (const [name, called, of] of wanted) {
      const kept = (events[name] ?? []).filter((handler) => !fits(handler, called, of));
      if (kept.length > 0) events[name] = kept;
      else delete events[name];
    }
    return this;
  }

  /** Calls the callbacks of these names with the arguments. */
  trigger(names: string, ...args: unknown[]): this {
    for (const name of names.split(/\s+/)) {
      const events = this._events ?? {};
      const [own, all] = [events[name] ?? [], name === 'all' ? [] : (events['all'] ?? [])];
      for (const { callback, ctx } of own) callback.apply(ctx, args);
      for (const { callback, ctx } of all) callback.apply(ctx, [name, ...args]);
    }
    return this;
  }

  /** As `on` of another object, with this object as the context, until `stopListening`. */
  listenTo(to: Events, names: Names, callback?: Callback): this {
    return this.#listen('on', to, names, callback);
  }

  listenToOnce(to: Events, names: Names, callback?: Callback): this {
    return this.#listen('once', to, names, callback);
  }

  /** Ends what `listenTo` has begun: at this object, of these names, with this callback. What is left out fits always. */
  stopListening(to?: Events | null, names?: Names | null, callback?: Callback | null): this {
    const wanted = names === undefined || names === null ? null : pairs(names, callback, undefined);
    for (const one of [...this.#listening]) {
      if (to && one.to !== to) continue;
      const named = wanted?.some(([name, called]) => name === one.name && (!called || called === one.callback));
      if (!(named ?? (!callback || callback === one.callback))) continue;
      one.to.off(one.name, one.callback, this);
      this.#listening.delete(one);
    }
    return this;
  }

  #listen(how: 'on' | 'once', to: Events, names: Names, callback: Callback | undefined): this {
    for (const [name, called] of pairs(names, callback, undefined)) {
      to[how](name, called!, this);
      this.#listening.add({ to, name, callback: called! });
    }
    return this;
  }

  #add(name: string, callback: Callback, context: unknown): void {
    const events = (this._events ??= {});
    events[name] = [...(events[name] ?? []), { callback, context, ctx: context ?? this }]; // a trigger under way has the old list
  }
}

// Other names of the same methods, as Backbone has them.
export interface Events {
  bind: Events['on'];
  unbind: Events['off'];
}
Events.prototype.bind = Events.prototype.on;
Events.prototype.unbind = Events.prototype.off;

/** Returns name, callback and context of each event: of `('a b', callback, context)`, or of `({a: callback}, context)`. */
function pairs(names: Names, callback: unknown, context: unknown): (readonly [string, Callback | undefined, unknown])[] {
  if (typeof names === 'string') return names.trim().split(/\s+/).map((name) => [name, callback as Callback | undefined, context]);
  return Object.entries(names).flatMap(([text, called]) => pairs(text, called, context ?? callback));
}

function fits(handler: Handler, callback: Callback | null | undefined, context: unknown): boolean {
  const called = handler.callback;
  return (!callback || called === callback || called._callback === callback) && (!context || handler.context === context);
}
