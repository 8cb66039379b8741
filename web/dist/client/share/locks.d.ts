/** Locks of the browser. A page or a worker holds them until it lets them go, ends or crashes. */
/** Takes a lock that is free, and resolves to the function that releases it. */
export declare function hold(name: string): Promise<() => void>;
/** Calls `gone` when the holder of the lock has let it go. Until `signal` aborts, waiting goes on. */
export declare function whenReleased(name: string, gone: () => void, signal?: AbortSignal): void;
