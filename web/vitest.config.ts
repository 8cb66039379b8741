import { defineConfig } from 'vitest/config';
import { workspace } from './workspace.ts';

export default defineConfig({
  ...workspace,
  define: { ...workspace.define, __WORKER__: 'true' },
  test: { include: ['packages/test/*.test.mjs', 'packages/*/test/**/*.test.{ts,mjs}', 'demo/test/**/*.test.ts'] },
});
