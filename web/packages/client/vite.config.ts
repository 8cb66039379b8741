import { defineConfig } from 'vite';
import { workspace } from '../../workspace.ts';

// One ES module with a stable name, because pages import it from the server.
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
