import { defineConfig } from 'vite';
import { workspace } from '../../workspace.ts';

// The modes are the files. The module leaves the SDK to the application. The AMD file has it inside, because loaders of AMD
// load no ES modules; it is for the bundlers of old applications, too, which know only older JavaScript.
export default defineConfig(({ mode }) => {
  const amd = mode === 'amd';
  return {
    ...(amd && workspace),
    define: { ...workspace.define, __WORKER__: String(!amd), ...(amd && { 'import.meta.url': '""' }) },
    build: {
      target: amd ? 'es2018' : 'es2022',
      outDir: amd ? 'dist/amd' : 'dist',
      emptyOutDir: !amd,
      sourcemap: true,
      lib: { entry: 'src/oro.ts', formats: [amd ? 'umd' : 'es'], name: 'TidingsOro', fileName: () => 'oro.js' },
      rolldownOptions: { external: amd ? [] : ['@tidings/client'], output: { minify: amd } },
    },
  };
});
