/** React hooks for Tidings. Each holds what it needs as long as its component is mounted. */
import {
  type CallOptions, type Connection, type ConnectionState, enterPresence, Failed, type Failure, type Mode, type Payload, type Person,
  type Presence, type PresenceUpdate, type Status, type SubscribeOptions, type TopicEvent,
} from '@tidings/client';
import { createContext, createElement, type ReactNode, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } from 'react';

const Context = createContext<Connection | null>(null);

/** Gives the hooks below it the connection, which the application opens and closes. */
export function TidingsProvider({ connection, children }: { connection: Connection; children?: ReactNode }): ReactNode {
  return createElement(Context.Provider, { value: connection }, children);
}

export function useConnection(): Connection {
  const connection = useContext(Context);
  if (!connection) throw new Error('tidings: put the component into a TidingsProvider');
  return connection;
}

/** Returns whether what the page shows is true, over all its subscriptions. */
export function useStatus(): Status {
  const connection = useConnection();
  return useSyncExternalStore(useCallback((changed) => connection.onStatus(changed), [connection]), () => connection.status, () => connection.status);
}

export function useConnectionState(): ConnectionState {
  const connection = useConnection();
  return useSyncExternalStore(useCallback((changed) => connection.onState(changed), [connection]), () => connection.state, () => connection.state);
}

export interface TopicOptions extends Pick<SubscribeOptions, 'match' | 'history' | 'retained' | 'onGap'> {
  readonly keep?: number; // of events; default 1, or `history` if that is more
  readonly onEvent?: (event: TopicEvent) => void;
}

export interface Topic {
  readonly events: readonly TopicEvent[]; // the last ones, oldest first
  readonly last: TopicEvent | null;
  readonly status: Status | null; // null before the component is mounted, and without a topic
}

const NOTHING: Topic = { events: [], last: null, status: null };

/** Subscribes to a topic; null: to none. A change of the topic, or of its options but the functions, begins anew. */
export function useTopic(topic: string | null, options: TopicOptions = {}): Topic {
  const connection = useConnection();
  const [state, setState] = useState<Topic>(NOTHING);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const { match, history = 0, retained = false, keep = Math.max(1, history) } = options;
  useEffect(() => {
    setState(NOTHING);
    if (topic === null) return undefined;
    const subscription = connection.subscribe(topic, (event) => {
      latest.current.onEvent?.(event);
      setState((before) => ({ ...before, events: [...before.events, event].slice(-keep), last: event }));
    }, { ...(match ? { match } : {}), history, retained, onGap: (gap) => latest.current.onGap?.(gap), onRefused: () => undefined }); // see status
    const show = (status: Status): void => setState((before) => ({ ...before, status }));
    show(subscription.status);
    const stop = subscription.onStatus(show);
    return () => {
      stop();
      subscription.release();
    };
  }, [connection, topic, match, history, retained, keep]);
  return state;
}

export interface Call {
  readonly pending: boolean;
  readonly result: Payload | null; // of the last call that succeeded
  readonly failure: Failure | null; // of the last call, if it failed
  /** Calls the procedure. It resolves to null if the call fails; `failure` says why. */
  run(options?: CallOptions): Promise<Payload | null>;
}

/** Returns a procedure to call. The answer to an older call never replaces that to a newer one. */
export function useCall(procedure: string): Call {
  const connection = useConnection();
  const [state, setState] = useState<Omit<Call, 'run'>>({ pending: false, result: null, failure: null });
  const calls = useRef(0);
  useEffect(() => () => void calls.current++, [connection, procedure]);
  const run = useCallback(async (options?: CallOptions): Promise<Payload | null> => {
    const call = ++calls.current;
    const settle = (change: Partial<Call>): void => setState((before) => (call === calls.current ? { ...before, ...change } : before));
    settle({ pending: true, failure: null });
    try {
      const result = await connection.call(procedure, options);
      settle({ pending: false, result });
      return result;
    } catch (error) {
      settle({ pending: false, failure: Failed.from(error).failure });
      return null;
    }
  }, [connection, procedure]);
  return { ...state, run };
}

export interface People {
  readonly people: readonly Person[];
  readonly count: number;
  readonly failure: Failure | null;
}

/** Enters a record as long as the component is mounted, and returns the people there. */
export function usePresence(record: string | null, mode: Mode = 'view'): People {
  const connection = useConnection();
  const [state, setState] = useState<People>({ people: [], count: 0, failure: null });
  const presence = useRef<Presence | null>(null);
  const first = useRef(mode);
  useEffect(() => {
    first.current = mode;
    presence.current?.setMode(mode);
  }, [mode]);
  useEffect(() => {
    setState({ people: [], count: 0, failure: null });
    if (record === null) return undefined;
    const entered = enterPresence(connection, record, first.current, {
      changed: ({ people, count }: PresenceUpdate) => setState({ people, count, failure: null }),
      refused: ({ failure }) => setState((before) => ({ ...before, failure })),
    });
    presence.current = entered;
    return () => {
      presence.current = null;
      entered.leave();
    };
  }, [connection, record]);
  return state;
}
