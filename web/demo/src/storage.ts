/** The browser's storage. It may be disabled or full: what is written is then lost with the page. */
type Kind = 'localStorage' | 'sessionStorage';

export function read(kind: Kind, key: string): string | null {
  try {
    return window[kind].getItem(key);
  } catch {
    return null; // disabled
  }
}

/** Writes a text; null removes it. */
export function write(kind: Kind, key: string, text: string | null): void {
  try {
    if (text === null) window[kind].removeItem(key);
    else window[kind].setItem(key, text);
  } catch {
    // disabled or full
  }
}

export function keys(kind: Kind): readonly string[] {
  try {
    return Object.keys(window[kind]);
  } catch {
    return []; // disabled
  }
}
