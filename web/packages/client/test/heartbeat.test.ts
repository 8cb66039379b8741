import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Connection } from '../src/connection.js';
import { Heartbeat } from '../src/heartbeat.js';
import { Code } from '../src/messages.js';
import type { Options } from '../src/options.js';
import { Socket, settled } from './socket.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a heartbeat', () => {
  const probe = vi.fn();
  const dead = vi.fn();
  const started = (): Heartbeat => {
    probe.mockReset();
    dead.mockReset();
    const heartbeat = new Heartbeat({}, { probe, dead });
    heartbeat.start();
    return heartbeat;
  };

  it('asks nothing while messages come, and after five seconds of silence once', () => {
    const heartbeat = started();
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(3_000);
      heartbeat.heard();
    }
    expect(probe).not.toHaveBeenCalled();
    vi.advanceTimersByTime(4_999);
    expect(probe).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(probe).toHaveBeenCalledOnce();
    heartbeat.heard();
    vi.advanceTimersByTime(4_999);
    expect(probe).toHaveBeenCalledOnce();
    expect(dead).not.toHaveBeenCalled();
  });

  it('finds a dead connection ten seconds after its last message', () => {
    const heartbeat = started();
    vi.advanceTimersByTime(3_000);
    heartbeat.heard();
    const last = Date.now();
    vi.advanceTimersByTime(9_999);
    expect(dead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(dead).toHaveBeenCalledOnce();
    expect(heartbeat.heardAt).toBe(last);
    vi.advanceTimersByTime(600_000);
    expect(dead).toHaveBeenCalledOnce();
  });

  it('asks at once when it is told to, and not when it is stopped', () => {
    const heartbeat = started();
    heartbeat.check();
    expect(probe).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(5_000);
    expect(dead).toHaveBeenCalledOnce();
    heartbeat.check();
    expect(probe).toHaveBeenCalledOnce();
  });

  it('asks a hidden page less often', () => {
    vi.stubGlobal('document', { visibilityState: 'hidden' });
    const heartbeat = started();
    vi.advanceTimersByTime(29_000);
    heartbeat.heard();
    vi.advanceTimersByTime(29_999);
    expect(probe).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(probe).toHaveBeenCalledOnce();
  });

  it('asks again when its timer was late, because the answer may wait behind it, but only once', () => {
    const heartbeat = started();
    vi.advanceTimersByTime(5_000);
    sleep(60_000);
    vi.advanceTimersByTime(5_000);
    expect(dead).not.toHaveBeenCalled();
    expect(probe).toHaveBeenCalledTimes(2);
    heartbeat.heard();
    vi.advanceTimersByTime(5_000);
    for (let i = 0; i < 2; i++) {
      sleep(60_000);
      vi.advanceTimersByTime(5_000);
    }
    expect(dead).toHaveBeenCalledOnce();
  });

  it('waits longer for a link that has answered late, and after each wrong verdict', () => {
    const heartbeat = started();
    vi.advanceTimersByTime(5_000 + 4_000);
    heartbeat.heard();
    vi.advanceTimersByTime(5_000 + 7_999);
    expect(dead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(dead).toHaveBeenCalledTimes(1);
    heartbeat.start();
    vi.advanceTimersByTime(5_000 + 15_999);
    expect(dead).toHaveBeenCalledTimes(1);
    heartbeat.heard();
    vi.advanceTimersByTime(5_000);
    heartbeat.heard(); // at once: the link is fast again
    vi.advanceTimersByTime(10_000);
    expect(dead).toHaveBeenCalledTimes(2);
  });

  /** Moves the clock without the timers, as for a machine that sleeps. */
  function sleep(ms: number): void {
    vi.setSystemTime(Date.now() + ms);
  }
});

describe('a connection', () => {
  beforeEach(() => Socket.install());

  async function opened(options: Partial<Options> = {}): Promise<Connection> {
    const connection = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab1', ...options });
    await settled();
    await Socket.last.admits();
    return connection;
  }

  it('whose router answers stays open for hours', async () => {
    const connection = await opened();
    vi.advanceTimersByTime(3_600_000);
    expect(connection.state.name).toBe('open');
    expect(Socket.last.pings).toBe(720);
    expect(Socket.all).toHaveLength(1);
  });

  it('over a silent network is given up after ten seconds, and opened again at once', async () => {
    const connection = await opened();
    const seen: string[] = [];
    connection.onState(({ name }) => seen.push(name));
    const lost = connection.call('slow', { timeout: 60_000 });
    Socket.last.silent = true;
    vi.advanceTimersByTime(10_000);
    await expect(lost).rejects.toThrow('the connection was lost');
    expect(Socket.all[0]!.closed).toBe(true);
    expect(Socket.all).toHaveLength(2);
    await Socket.last.admits();
    expect(seen).toEqual(['connecting', 'authenticating', 'open']);
    Socket.all[0]!.sends([Code.goodbye, {}, 'wamp.close.system_shutdown']);
    expect(connection.state.name).toBe('open');
  });

  it('takes a refusal of its question for an answer', async () => {
    const connection = await opened();
    Socket.last.silent = true;
    vi.advanceTimersByTime(9_000);
    Socket.last.sends([Code.error, Code.call, 1, {}, 'wamp.error.no_such_procedure']);
    vi.advanceTimersByTime(5_000);
    expect(connection.state.name).toBe('open');
  });

  it('asks nothing without a heartbeat', async () => {
    const connection = await opened({ heartbeat: false });
    Socket.last.silent = true;
    vi.advanceTimersByTime(600_000);
    expect(Socket.last.pings).toBe(0);
    expect(connection.state.name).toBe('open');
  });

  it('has the heartbeat that the page asks for', async () => {
    const connection = await opened({ heartbeat: { interval: 1_000, timeout: 500 } });
    Socket.last.silent = true;
    vi.advanceTimersByTime(1_500);
    expect(Socket.all).toHaveLength(2);
    connection.close();
  });
});
