/** A value that the page can watch. `value` is the same object until it changes, as useSyncExternalStore of React expects. */
export declare class Observable<T> {
    #private;
    constructor(value: T);
    get value(): T;
    set(value: T): void;
    /** Calls the listener after each change, until the returned function is called. */
    watch(listener: (value: T) => void): () => void;
}
/** Runs a function of the page; logs its error, so that the others still run. */
export declare function guarded(run: () => void): void;
