import { fileURLToPath } from 'node:url';
import client from './packages/client/package.json' with { type: 'json' };

/** What every build and test of the workspace shares: the SDK's sources instead of its package, and its version. */
export const workspace = {
  resolve: { alias: { '@tidings/client': fileURLToPath(new URL('packages/client/src/tidings.ts', import.meta.url)) } },
  define: { __TIDINGS_VERSION__: JSON.stringify(client.version) },
};
