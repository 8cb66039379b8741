/** The light or dark theme: the system's, until the user chooses. public/theme.js applies it before the first paint. */
import { write } from './storage';

const KEY = 'demo.theme';

export type Theme = 'light' | 'dark';

export function theme(): Theme {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function setTheme(next: Theme): void {
  document.documentElement.dataset['theme'] = next;
  write('localStorage', KEY, next);
}
