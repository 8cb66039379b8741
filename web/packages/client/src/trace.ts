/** Prints the conversation of page and server, for `debug: true`. */
export interface Trace {
  note(text: string): void;
  message(direction: '->' | '<-', message: unknown): void;
}

type Describe = (message: unknown) => string;

/** Prints in order. What is said before the module that shortens messages is loaded waits for it. */
export function trace(load: () => Promise<{ readonly describe: Describe }> = () => import('./explain.js')): Trace {
  const loaded = load().then(({ describe }) => describe, () => (): string => 'a message');
  const print = (line: (describe: Describe) => string): void => void loaded.then((describe) => console.log(`tidings: ${line(describe)}`));
  return {
    note: (text) => print(() => text),
    message: (direction, message) => print((describe) => `${direction} ${describe(message)}`),
  };
}
