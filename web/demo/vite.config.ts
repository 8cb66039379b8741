import { defineConfig } from 'vite';

export default defineConfig({
  base: './', // the binary serves it at /demo/, a proxy perhaps elsewhere
  build: {
    target: 'es2022',
    outDir: '../dist/demo',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/demo/api': 'http://127.0.0.1:8080',
      '/ws': { target: 'ws://127.0.0.1:8080', ws: true },
    },
  },
});
