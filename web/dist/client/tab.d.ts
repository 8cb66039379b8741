/**
 * The identity of a browser tab, which stays the same over reconnects and reloads. With it the server tells the tab
 * that made a change from all others. It identifies no person and gives no access.
 */
/**
 * Returns the tab's identity. A browser that duplicates a tab copies sessionStorage with the identity; a lock that the
 * page holds until it ends tells the copy from a reload. Pages that are not served securely have no locks: there, each
 * load has a new identity.
 */
export declare function tabIdentity(): Promise<string>;
/** Returns 96 random bits as text. */
export declare function randomId(): string;
