/** Tells a tab in the background, with its title and icon, how much has happened since it was last looked at. */
export class Attention {
  #title = document.title;
  #count = 0;

  constructor() {
    document.addEventListener('visibilitychange', this.#look);
  }

  set title(title: string) {
    this.#title = title;
    this.#show();
  }

  /** Counts something that the user would want to see. In a visible tab there is nothing to tell. */
  happened(): void {
    if (document.visibilityState === 'visible') return;
    this.#count++;
    this.#show();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#look);
  }

  readonly #look = (): void => {
    if (document.visibilityState !== 'visible') return;
    this.#count = 0;
    this.#show();
  };

  #show(): void {
    document.title = this.#count > 0 ? `(${this.#count}) ${this.#title}` : this.#title;
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    const file = this.#count > 0 ? './icon-news.svg' : './icon.svg';
    if (icon && icon.getAttribute('href') !== file) icon.href = file;
  }
}
