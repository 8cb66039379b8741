export interface Once {
    /** Runs a function, unless another tab has run the one with this id. */
    run(id: string, task: () => void): void;
    stop(): void;
}
export declare function once(): Once;
