// Runs before the first paint, so that the page never shows the other theme first.
try {
  const theme = localStorage.getItem('demo.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // storage is disabled: the system's theme applies
}
