/** What a tab and the hub tell each other. A channel is the connection of one session, and its name is used once. */

export type FromTab =
  | { readonly type: 'open'; readonly channel: string }
  | { readonly type: 'send'; readonly channel: string; readonly frame: string }
  | { readonly type: 'read'; readonly channel: string; readonly length: number } // of frames that the tab has handled
  | { readonly type: 'close'; readonly channel: string };

export type FromHub =
  | { readonly type: 'found'; readonly channel: string; readonly hub: string; readonly version: string } // the answer to `open`, at once
  | { readonly type: 'opened'; readonly channel: string }
  | { readonly type: 'frame'; readonly channels: readonly string[]; readonly frame: string }
  | { readonly type: 'lost'; readonly channel: string }
  | { readonly type: 'alone'; readonly channel: string }; // the server does not know channels

/** The way from the hub to one tab. */
export interface Port {
  post(message: FromHub): void;
}

/** The way from a tab to the hub. */
export interface Road {
  post(message: FromTab): void;
  /** The hub gives no sign. Replaces it and returns true, or returns false if that is not possible. */
  replace(): boolean;
  stop(): void;
}

export interface RoadEvents {
  received(message: FromHub): void;
  /** There is a new hub. It knows no channel but those that it has found. */
  renewed(hub: string): void;
  /** There is no hub this way. */
  failed(): void;
}

declare const __TIDINGS_VERSION__: string; // version of package.json; the build defines it
export const VERSION = __TIDINGS_VERSION__;
