import { defineConfig } from 'vite';
import { workspace } from '../../workspace.ts';

const LAZY = /(explain|longpoll|share)\.js$/; // what tidings.js loads on demand

// The modes are the files: each is an ES module with a stable name and without imports, because pages import them from
// the server. share.js starts tidings-worker.js, and loader.js is a classic script, for the page itself.
export default defineConfig(({ mode }) => ({
  ...workspace,
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: mode === 'tidings',
    sourcemap: mode !== 'loader',
    lib: { entry: `src/${mode}.ts`, formats: [mode === 'loader' ? 'iife' : 'es'], name: 'TidingsLoader', fileName: () => `${mode}.js` },
    rolldownOptions: { external: mode === 'tidings' ? [LAZY] : [], output: { minify: true } },
  },
}));
