import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { once } from '../src/once.js';
import { settled } from './socket.js';

/** The Web Locks of a browser, as far as `once` uses them. */
class Locks {
  readonly held = new Set<string>();

  request = async (name: string, _options: object, run: (lock: object | null) => unknown): Promise<void> => {
    await Promise.resolve();
    if (this.held.has(name)) return void run(null);
    this.held.add(name);
    await run({});
    this.held.delete(name);
  };
}

/** A BroadcastChannel of one browser. Node's own delivers outside of fake timers. */
class Channel {
  static open = new Set<Channel>();
  onmessage: ((event: { data: string }) => void) | null = null;

  constructor() {
    Channel.open.add(this);
  }

  postMessage(data: string): void {
    for (const other of Channel.open) if (other !== this) queueMicrotask(() => other.onmessage?.({ data }));
  }

  close(): void {
    Channel.open.delete(this);
  }
}

const locks = new Locks();

beforeEach(() => {
  vi.useFakeTimers();
  Channel.open.clear();
  locks.held.clear();
  vi.stubGlobal('BroadcastChannel', Channel);
  vi.stubGlobal('navigator', { locks });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A tab. The global document is that of the tab whose code runs. */
class Tab {
  readonly document: EventTarget & { visibilityState: string };
  readonly ran: string[] = [];
  readonly #once;

  constructor(visibilityState: 'visible' | 'hidden') {
    this.document = Object.assign(new EventTarget(), { visibilityState });
    this.#once = this.#here(once);
  }

  hears(id: string): void {
    this.#here(() => this.#once.run(id, () => this.ran.push(id)));
  }

  shows(): void {
    this.document.visibilityState = 'visible';
    this.#here(() => this.document.dispatchEvent(new Event('visibilitychange')));
  }

  stop(): void {
    this.#here(() => this.#once.stop());
  }

  #here<T>(run: () => T): T {
    vi.stubGlobal('document', this.document);
    return run();
  }
}

describe('what is to run once in a browser', () => {
  it('runs in the visible tab', async () => {
    const tabs = [new Tab('hidden'), new Tab('visible'), new Tab('hidden')];
    for (const tab of tabs) tab.hears('a');
    await settled();
    tabs[0]!.shows();
    await settled();
    expect(tabs.map(({ ran }) => ran)).toEqual([[], ['a'], []]);
  });

  it('runs in one of two visible tabs', async () => {
    const tabs = [new Tab('visible'), new Tab('visible')];
    for (const id of ['a', 'b']) for (const tab of tabs) tab.hears(id);
    await settled();
    expect(tabs.flatMap(({ ran }) => ran).sort()).toEqual(['a', 'b']);
  });

  it('waits until a tab is shown', async () => {
    const tabs = [new Tab('hidden'), new Tab('hidden')];
    for (const tab of tabs) tab.hears('a');
    await settled();
    expect(tabs.flatMap(({ ran }) => ran)).toEqual([]);
    tabs[1]!.shows();
    await settled();
    tabs[0]!.shows();
    await settled();
    expect(tabs.map(({ ran }) => ran)).toEqual([[], ['a']]);
  });

  it('does not run in a tab that hears of it after another has run it', async () => {
    const tabs = [new Tab('visible'), new Tab('visible')];
    tabs[0]!.hears('a');
    await settled();
    tabs[1]!.hears('a');
    await settled();
    vi.advanceTimersByTime(60_000);
    await settled();
    expect(locks.held.size).toBe(0);
    tabs[1]!.hears('a');
    await settled();
    expect(tabs.map(({ ran }) => ran)).toEqual([['a'], []]);
  });

  it('is bounded in a hidden tab, which drops the oldest, and gone when the tab stops', async () => {
    const tab = new Tab('hidden');
    for (let i = 0; i < 60; i++) tab.hears(String(i));
    tab.shows();
    await settled();
    expect(tab.ran).toHaveLength(50);
    expect(tab.ran[0]).toBe('10');
    const gone = new Tab('hidden');
    gone.hears('a');
    gone.stop();
    gone.shows();
    await settled();
    expect(gone.ran).toEqual([]);
  });

  it('runs in every tab of a page without locks', () => {
    vi.stubGlobal('navigator', {});
    const tabs = [new Tab('hidden'), new Tab('hidden')];
    for (const tab of tabs) tab.hears('a');
    expect(tabs.map(({ ran }) => ran)).toEqual([['a'], ['a']]);
  });
});
