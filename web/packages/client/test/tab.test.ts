import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tabIdentity } from '../src/tab.js';

/** A fake of the browser's locks: exclusive; a request waits for the lock until its signal aborts. */
class Locks {
  readonly held = new Set<string>();

  request(name: string, { signal }: { signal: AbortSignal }, run: () => Promise<never>): Promise<unknown> {
    if (!this.held.has(name)) {
      this.held.add(name);
      return run();
    }
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  }
}

describe('the identity of a tab', () => {
  let storage: Map<string, string>;
  let locks: Locks;

  beforeEach(() => {
    vi.useFakeTimers();
    storage = new Map();
    locks = new Locks();
    vi.stubGlobal('navigator', { locks });
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => storage.set(key, value),
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  async function load(): Promise<string> {
    const identity = tabIdentity();
    await vi.advanceTimersByTimeAsync(1000);
    return identity;
  }

  it('is random and valid in the protocol', async () => {
    expect(await load()).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  it('stays the same over a reload', async () => {
    const before = await load();
    locks.held.clear();
    expect(await load()).toBe(before);
  });

  it('is new in a duplicated tab, which then keeps it', async () => {
    const original = await load();
    const copy = await load();
    expect(copy).not.toBe(original);
    locks.held.delete(`tidings.tab.${copy}`);
    expect(await load()).toBe(copy);
  });

  it('is new with each load where there are no locks or no storage', async () => {
    vi.stubGlobal('navigator', {});
    expect(await load()).not.toBe(await load());
    vi.stubGlobal('navigator', { locks: new Locks() });
    vi.stubGlobal('sessionStorage', { getItem: () => { throw new Error('off'); }, setItem: () => { throw new Error('off'); } });
    expect(await load()).not.toBe(await load());
  });
});
