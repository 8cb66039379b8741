const ask = (event: BeforeUnloadEvent): void => event.preventDefault();

/**
 * Lets the browser ask before the page is left, in words of its own. The handler is there only while it is needed, because
 * it can keep a page out of the back/forward cache.
 */
export function askBeforeLeaving(needed: boolean): void {
  if (needed) window.addEventListener('beforeunload', ask);
  else window.removeEventListener('beforeunload', ask);
}
