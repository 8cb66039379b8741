import { defineConfig } from 'vite';
import { workspace } from '../../workspace.ts';

// One ES module that a page imports from the server itself: no hash in its name, no source map.
export default defineConfig({
  ...workspace,
  build: {
    target: 'es2022',
    outDir: '../../dist/client',
    emptyOutDir: true,
    lib: { entry: 'src/tidings.ts', formats: ['es'], fileName: () => 'tidings.js' },
    rolldownOptions: { output: { minify: true } },
  },
});
