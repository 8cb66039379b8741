/**
 * A tab: a page's identity that outlives its sessions and its reloads, so that the server can tell the author's own
 * tab from all others. It names nobody and is worth nothing to who learns it.
 */

const KEY = 'tidings.tab';
const RELOAD = 300; // ms that the page before a reload may take to let go of its lock

/**
 * A browser that duplicates a tab copies its sessionStorage too, identity and all. A lock that the page holds as long
 * as it lives tells the copy from a reload. Without locks (pages that are not served securely) each load is a tab.
 */
export async function tabIdentity(): Promise<string> {
  if (typeof navigator === 'undefined' || !navigator.locks) return fresh();
  const known = recall();
  if (known !== null && (await claim(known, RELOAD))) return known;
  const id = fresh();
  remember(id);
  await claim(id, RELOAD);
  return id;
}

/** Holds the lock of an identity until the page is gone; false if another page has it. */
function claim(id: string, patience: number): Promise<boolean> {
  return new Promise((resolve) => {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), patience);
    const held = (): Promise<never> => {
      clearTimeout(timer);
      resolve(true);
      return new Promise(() => undefined); // never: the browser ends it with the page
    };
    navigator.locks.request(`${KEY}.${id}`, { signal: giveUp.signal }, held).catch(() => resolve(false));
  });
}

function fresh(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function recall(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off: every load is a tab of its own
  }
}

function remember(id: string): void {
  try {
    sessionStorage.setItem(KEY, id);
  } catch {
    // as above
  }
}
