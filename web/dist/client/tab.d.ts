/**
 * A tab: a page's identity that outlives its sessions and its reloads, so that the server can tell the author's own
 * tab from all others. It names nobody and is worth nothing to who learns it.
 */
/**
 * A browser that duplicates a tab copies its sessionStorage too, identity and all. A lock that the page holds as long
 * as it lives tells the copy from a reload. Without locks (pages that are not served securely) each load is a tab.
 */
export declare function tabIdentity(): Promise<string>;
