import { defineConfig } from 'vite';
import { workspace } from '../../../workspace.ts';

// `npx vite` in this folder serves the example; it connects to the server of its address, or of ?server=.
export default defineConfig({ ...workspace, root: import.meta.dirname, base: './', build: { target: 'es2022', outDir: 'dist', emptyOutDir: true } });
