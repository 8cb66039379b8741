import { defineConfig } from 'vitest/config';
import { workspace } from './workspace.ts';

export default defineConfig({
  ...workspace,
  test: { include: ['packages/test/*.test.mjs', 'packages/*/test/**/*.test.{ts,mjs}', 'demo/test/**/*.test.ts'] },
});
