import { defineConfig } from 'vite';

// One ES module. The framework and the SDK are those of the application.
export default defineConfig({
  build: {
    target: 'es2022',
    sourcemap: true,
    lib: { entry: 'src/react.ts', formats: ['es'], fileName: () => 'react.js' },
    rolldownOptions: { external: ['react', '@tidings/client'] },
  },
});
