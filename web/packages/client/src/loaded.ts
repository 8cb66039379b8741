/** The types of the global `Tidings`, which loader.js makes. */
type Sdk = typeof import('./tidings.js');

/** A value that may not be here yet: a promise of it, whose members can be used at once. */
export type Queued<T> = Promise<T> & (T extends (...args: infer A) => infer R
  ? (...args: { [I in keyof A]: A[I] | Queued<A[I]> }) => Queued<Awaited<R>>
  : T extends object ? { readonly [K in keyof T]: Queued<T[K]> } : unknown);

/** `window.Tidings`. Classes are there as soon as the SDK is: use them in callbacks. */
export type Loader = { readonly [K in keyof Sdk as Sdk[K] extends abstract new (...args: never) => unknown ? never : K]: Queued<Sdk[K]> }
  & { readonly [K in keyof Sdk as Sdk[K] extends abstract new (...args: never) => unknown ? K : never]: Sdk[K] }
  & { push(task: (Tidings: Loader) => void): void }
  & Promise<Sdk>;
