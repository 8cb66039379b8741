import { defineConfig } from 'vite';
import { workspace } from '../../workspace.ts';

// The modes are the files: each is an ES module with a stable name and without imports, because pages import them from
// the server. Only tidings.js loads longpoll.js and share.js, on demand, and share.js starts tidings-worker.js.
export default defineConfig(({ mode }) => ({
  ...workspace,
  build: {
    target: 'es2022',
    outDir: '../../dist/client',
    emptyOutDir: mode === 'tidings',
    lib: { entry: `src/${mode}.ts`, formats: ['es'], fileName: () => `${mode}.js` },
    rolldownOptions: { external: mode === 'tidings' ? [/(longpoll|share)\.js$/] : [], output: { minify: true } },
  },
}));
