import { type Dial } from './transport.js';
export interface ShareOptions {
    /**
     * The address of tidings-worker.js, at the origin of the page. By default it is the one beside this file; false: one of
     * the tabs holds the connection, as where there is no SharedWorker.
     */
    readonly worker?: string | URL | false;
    /** Tabs with different names do not share. It can be the id of the user, for example. */
    readonly name?: string;
}
/** Returns a transport for the connections of one page. */
export declare function share(options: ShareOptions): Dial;
