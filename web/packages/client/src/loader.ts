/**
 * A classic script of at most 1 KB that gives a page the SDK without ever holding it up. The global `Tidings` has the
 * functions of the module at once: what is called before the module is here waits, and gives a promise whose members can
 * be used as those of its value. While the server is down, loading is tried again.
 *
 * The module is the one beside the script, or what its attribute data-tidings names.
 */
type Run = (Tidings: unknown) => void;
type Members = Record<PropertyKey, unknown>;

const page = globalThis as unknown as { Tidings?: unknown };
const script = document.currentScript as HTMLScriptElement;
const address = new URL(script.dataset['tidings'] ?? script.src.replace(/[^/]*$/, 'tidings.js'), document.baseURI).href;
let tries = 0;

/** A browser may remember that an address has failed, so each try has another one. */
const load = (): Promise<Members> => import(/* @vite-ignore */ tries ? `${address}?${tries}` : address).catch((error: unknown) => {
  if (!tries++) console.warn('tidings: the SDK cannot be loaded, and is tried again:', error);
  return new Promise((wait) => setTimeout(wait, Math.min(3e4, 500 * 2 ** tries) * (1 + Math.random()) / 2)).then(load);
});

/** Returns a promise whose members, and calls, are promises of the same kind. */
const later = (promise: Promise<unknown>): unknown => {
  let known: Members | undefined;
  const value = promise.then((result) => (known = result as Members));
  return new Proxy(() => undefined, {
    get: (_, key) => {
      if (key === 'then' || key === 'catch' || key === 'finally') return (value[key] as (...args: unknown[]) => unknown).bind(value);
      if (key === 'push') return run;
      const member = known?.[key];
      if (member !== undefined && (typeof member !== 'function' || /^[A-Z]/.test(String(key)))) return member;
      return later(value.then((of) => (typeof of[key] === 'function' ? (of[key] as () => unknown).bind(of) : of[key])));
    },
    apply: (_, __, args: unknown[]) => later(Promise.all([value, ...args]).then(([call, ...given]) => (call as unknown as (...args: unknown[]) => unknown)(...given))),
  });
};

const run = (task: Run): void => {
  try {
    task(page.Tidings);
  } catch (error) {
    console.error('tidings:', error);
  }
};

const queued = page.Tidings;
if (typeof queued !== 'function') {
  page.Tidings = later(load());
  if (Array.isArray(queued)) queued.forEach(run);
}
