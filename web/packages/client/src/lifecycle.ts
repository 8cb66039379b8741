/** What the browser tells about the page and its network, as far as it concerns the connection. */
export interface PageEvents {
  /** The page is shown again, thawed, or back from the back/forward cache. */
  woken(): void;
  /** The network has changed, or came back. */
  networkChanged(): void;
  /** The page is left or frozen. Only a page without a connection goes into the back/forward cache. */
  suspended(): void;
}

/** Reports until the returned function is called. A worker has fewer of these events, and a server has none. */
export function watchPage({ woken, networkChanged, suspended }: PageEvents): () => void {
  const { document, navigator } = globalThis as { document?: Document; navigator?: Navigator & { connection?: EventTarget } };
  const sources: [EventTarget | undefined, string, (event: Event) => void][] = [
    [document, 'visibilitychange', () => document?.visibilityState === 'visible' && woken()],
    [document, 'resume', woken],
    [document, 'freeze', suspended],
    [globalThis, 'pageshow', (event) => (event as PageTransitionEvent).persisted && woken()],
    [globalThis, 'pagehide', suspended],
    [globalThis, 'online', networkChanged],
    [globalThis, 'offline', networkChanged],
    [navigator?.connection, 'change', networkChanged],
  ];
  for (const [target, name, run] of sources) target?.addEventListener?.(name, run);
  return () => sources.forEach(([target, name, run]) => target?.removeEventListener?.(name, run));
}
