/** Vue composables for Tidings. Each holds what it needs until its scope ends, usually with its component. */
import {
  type CallOptions, type Connection, type ConnectionState, enterPresence, Failed, type Failure, type Mode, type Payload, type Person,
  type Presence, type Status, type SubscribeOptions, type TopicEvent,
} from '@tidings/client';
import { inject, type InjectionKey, type MaybeRefOrGetter, onScopeDispose, type Plugin, type Ref, type ShallowRef, shallowRef, toValue, watch } from 'vue';

const KEY: InjectionKey<Connection> = Symbol('tidings');

/** Gives the composables of an application the connection, which the application opens and closes: app.use(tidings(connection)). */
export function tidings(connection: Connection): Plugin {
  return { install: (app) => void app.provide(KEY, connection) };
}

export function useConnection(): Connection {
  const connection = inject(KEY);
  if (!connection) throw new Error('tidings: install the plugin with app.use(tidings(connection))');
  return connection;
}

/** Returns whether what the page shows is true, over all its subscriptions. */
export function useStatus(): Readonly<ShallowRef<Status>> {
  const connection = useConnection();
  const status = shallowRef(connection.status);
  onScopeDispose(connection.onStatus((next) => (status.value = next)));
  return status;
}

export function useConnectionState(): Readonly<ShallowRef<ConnectionState>> {
  const connection = useConnection();
  const state = shallowRef(connection.state);
  onScopeDispose(connection.onState((next) => (state.value = next)));
  return state;
}

export interface TopicOptions extends Pick<SubscribeOptions, 'match' | 'history' | 'retained' | 'onGap'> {
  readonly keep?: number; // of events; default 1, or `history` if that is more
  readonly onEvent?: (event: TopicEvent) => void;
}

export interface Topic {
  readonly events: Readonly<Ref<readonly TopicEvent[]>>; // the last ones, oldest first
  readonly last: Readonly<Ref<TopicEvent | null>>;
  readonly status: Readonly<Ref<Status | null>>; // null without a topic
}

/** Subscribes to a topic; null: to none. A change of the topic begins anew. */
export function useTopic(topic: MaybeRefOrGetter<string | null>, options: TopicOptions = {}): Topic {
  const connection = useConnection();
  const { match, history = 0, retained = false, keep = Math.max(1, history), onGap, onEvent } = options;
  const events = shallowRef<readonly TopicEvent[]>([]);
  const last = shallowRef<TopicEvent | null>(null);
  const status = shallowRef<Status | null>(null);
  watch(() => toValue(topic), (name, _, onCleanup) => {
    [events.value, last.value, status.value] = [[], null, null];
    if (name === null) return;
    const subscription = connection.subscribe(name, (event) => {
      onEvent?.(event);
      events.value = [...events.value, event].slice(-keep);
      last.value = event;
    }, { ...(match ? { match } : {}), ...(onGap ? { onGap } : {}), history, retained, onRefused: () => undefined }); // see status
    status.value = subscription.status;
    const stop = subscription.onStatus((next) => (status.value = next));
    onCleanup(() => {
      stop();
      subscription.release();
    });
  }, { immediate: true });
  return { events, last, status };
}

export interface Call {
  readonly pending: Readonly<Ref<boolean>>;
  readonly result: Readonly<Ref<Payload | null>>; // of the last call that succeeded
  readonly failure: Readonly<Ref<Failure | null>>; // of the last call, if it failed
  /** Calls the procedure. It resolves to null if the call fails; `failure` says why. */
  run(options?: CallOptions): Promise<Payload | null>;
}

/** Returns a procedure to call. The answer to an older call never replaces that to a newer one. */
export function useCall(procedure: string): Call {
  const connection = useConnection();
  const pending = shallowRef(false);
  const result = shallowRef<Payload | null>(null);
  const failure = shallowRef<Failure | null>(null);
  let calls = 0;
  onScopeDispose(() => void calls++);
  const run = async (options?: CallOptions): Promise<Payload | null> => {
    const call = ++calls;
    [pending.value, failure.value] = [true, null];
    try {
      const answer = await connection.call(procedure, options);
      if (call === calls) [pending.value, result.value] = [false, answer];
      return answer;
    } catch (error) {
      if (call === calls) [pending.value, failure.value] = [false, Failed.from(error).failure];
      return null;
    }
  };
  return { pending, result, failure, run };
}

export interface People {
  readonly people: Readonly<Ref<readonly Person[]>>;
  readonly count: Readonly<Ref<number>>;
  readonly failure: Readonly<Ref<Failure | null>>;
}

/** Enters a record until the scope ends, and returns the people there. */
export function usePresence(record: MaybeRefOrGetter<string | null>, mode: MaybeRefOrGetter<Mode> = 'view'): People {
  const connection = useConnection();
  const people = shallowRef<readonly Person[]>([]);
  const count = shallowRef(0);
  const failure = shallowRef<Failure | null>(null);
  let presence: Presence | null = null;
  watch(() => toValue(mode), (next) => presence?.setMode(next));
  watch(() => toValue(record), (name, _, onCleanup) => {
    [people.value, count.value, failure.value] = [[], 0, null];
    if (name === null) return;
    const entered = enterPresence(connection, name, toValue(mode), {
      changed: (update) => ([people.value, count.value, failure.value] = [update.people, update.count, null]),
      refused: (failed) => (failure.value = failed.failure),
    });
    presence = entered;
    onCleanup(() => {
      presence = null;
      entered.leave();
    });
  }, { immediate: true });
  return { people, count, failure };
}
