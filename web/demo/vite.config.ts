import { defineConfig } from 'vite';
import { workspace } from '../workspace.ts';

export default defineConfig(({ command }) => ({
  ...workspace,
  base: command === 'serve' ? '/demo/' : './', // the binary serves the demo at /demo/; a proxy may move it
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'], // the first versions with light-dark()
    outDir: '../dist/demo',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' }, // of the bundled libraries, as their licenses require
  },
  server: {
    proxy: {
      '/demo/api': 'http://127.0.0.1:8080',
      '/ws': { target: 'ws://127.0.0.1:8080', ws: true },
    },
  },
}));
