import { fileURLToPath } from 'node:url';
import client from './packages/client/package.json' with { type: 'json' };

/** Shared by all builds and tests of the workspace: they use the SDK's sources, and the version of its package. */
export const workspace = {
  resolve: { alias: { '@tidings/client': fileURLToPath(new URL('packages/client/src/tidings.ts', import.meta.url)) } },
  define: { __TIDINGS_VERSION__: JSON.stringify(client.version) },
};
