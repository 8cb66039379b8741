import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tabIdentity } from '../src/tab.js';

/** The browser's locks, as far as a tab uses them: exclusive, waited for, until somebody lets go or gives up. */
class Locks {
  readonly held = new Set<string>();

  request(name: string, { signal }: { signal: AbortSignal }, run: () => Promise<never>): Promise<unknown> {
    if (!this.held.has(name)) {
      this.held.add(name);
      return run();
    }
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));
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

  it('is random, and fit for the protocol', async () => {
    expect(await load()).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  it('outlives a reload', async () => {
    const before = await load();
    locks.held.clear();
    expect(await load()).toBe(before);
  });

  it('is another one in a duplicated tab, which keeps it', async () => {
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
