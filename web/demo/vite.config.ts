import { defineConfig } from 'vite';
import { workspace } from '../workspace.ts';

export default defineConfig(({ command }) => ({
  ...workspace,
  base: command === 'serve' ? '/demo/' : './', // the binary serves it at /demo/, a proxy perhaps elsewhere
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'], // the first with light-dark()
    outDir: '../dist/demo',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' }, // of what is bundled: their authors ask for it
  },
  server: {
    proxy: {
      '/demo/api': 'http://127.0.0.1:8080',
      '/ws': { target: 'ws://127.0.0.1:8080', ws: true },
    },
  },
}));
