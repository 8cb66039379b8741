/** A tab's first message: whom the hub connects to, and the lock that the tab holds as long as it lives. */
export interface Introduction {
    readonly address: string;
    readonly alive: string;
}
