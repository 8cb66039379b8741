import { defineConfig } from 'vite';

// One ES module file that a page imports from the server itself: no hash in the name, no source map.
export default defineConfig({
  build: {
    target: 'es2022',
    outDir: '../../dist/client',
    emptyOutDir: true,
    lib: { entry: 'src/tidings.ts', formats: ['es'], fileName: () => 'tidings.js' },
    rolldownOptions: { output: { minify: true } },
  },
});
