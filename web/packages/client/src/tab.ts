/**
 * The identity of a browser tab, which stays the same over reconnects and reloads. With it the server tells the tab
 * that made a change from all others. It identifies no person and gives no access.
 */

const KEY = 'tidings.tab';
const RELOAD = 300; // ms that the page before a reload may take to release its lock

/**
 * Returns the tab's identity. A browser that duplicates a tab copies sessionStorage with the identity; a lock that the
 * page holds until it ends tells the copy from a reload. Pages that are not served securely have no locks: there, each
 * load has a new identity.
 */
export async function tabIdentity(): Promise<string> {
  if (typeof navigator === 'undefined' || !navigator.locks) return randomId();
  const known = recall();
  if (known !== null && (await claim(known, RELOAD))) return known;
  const id = randomId();
  remember(id);
  await claim(id, RELOAD);
  return id;
}

/** Takes the lock of an identity until the page ends; resolves to false if another page holds it. */
function claim(id: string, patience: number): Promise<boolean> {
  return new Promise((resolve) => {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), patience);
    const held = (): Promise<never> => {
      clearTimeout(timer);
      resolve(true);
      return new Promise(() => undefined); // never resolves: the browser releases the lock with the page
    };
    navigator.locks.request(`${KEY}.${id}`, { signal: giveUp.signal }, held).catch(() => resolve(false));
  });
}

/** Returns 96 random bits as text. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function recall(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // storage is disabled: each load has a new identity
  }
}

function remember(id: string): void {
  try {
    sessionStorage.setItem(KEY, id);
  } catch {
    // storage is disabled; see recall
  }
}
