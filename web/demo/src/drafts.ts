import { keys, read, write } from './storage';

type Fields = Readonly<Record<string, string>>;

/** Unsaved text of another page: one that was reloaded, has crashed, or is open in another tab. */
export interface Kept {
  readonly key: string; // in the storage
  readonly fields: Fields;
  readonly at: Date;
}

const KEPT_FOR = 30 * 24 * 3_600_000; // ms

/**
 * The unsaved text of a user in this browser, which survives a reload, a crash and a closed tab. Each page keeps its own,
 * so that two tabs with the same record do not overwrite each other's.
 */
export class Drafts {
  readonly #prefix: string;
  readonly #page = crypto.randomUUID?.() ?? String(Math.random()); // a page that is not served securely has no randomUUID

  constructor(user: string) {
    this.#prefix = `demo.draft/${encodeURIComponent(user)}/`;
    for (const { key, at } of this.#all()) if (at.getTime() < Date.now() - KEPT_FOR) write('localStorage', key, null);
  }

  /** Keeps the unsaved fields of a record, in place of those before; without fields nothing is kept. */
  keep(record: string, fields: Fields): void {
    const text = Object.keys(fields).length > 0 ? JSON.stringify({ at: Date.now(), fields }) : null;
    write('localStorage', `${this.#prefix}${record}/${this.#page}`, text);
  }

  /** Returns the newest text that another page has kept of a record. */
  newest(record: string): Kept | null {
    const all = this.#all(`${record}/`).filter(({ key }) => !key.endsWith(this.#page));
    return all.sort((one, other) => other.at.getTime() - one.at.getTime())[0] ?? null;
  }

  drop({ key }: Kept): void {
    write('localStorage', key, null);
  }

  /** Calls the listener when another tab has unsaved text of a record, or none any more; returns how to stop. */
  onOtherTab(listener: (record: string, unsaved: boolean) => void): () => void {
    const changed = ({ key, newValue }: StorageEvent): void => {
      if (key?.startsWith(this.#prefix)) listener(key.slice(this.#prefix.length, key.lastIndexOf('/')), newValue !== null);
    };
    window.addEventListener('storage', changed);
    return () => window.removeEventListener('storage', changed);
  }

  #all(record = ''): Kept[] {
    return keys('localStorage').filter((key) => key.startsWith(this.#prefix + record)).flatMap((key) => {
      const kept = parse(read('localStorage', key) ?? '');
      return kept ? [{ key, ...kept }] : [];
    });
  }
}

function parse(text: string): Omit<Kept, 'key'> | null {
  try {
    const { at, fields } = JSON.parse(text) as { at: number; fields: Fields };
    return { at: new Date(at), fields };
  } catch {
    return null; // not written by this version of the page
  }
}
