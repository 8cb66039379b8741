// Bundles the declarations that the compiler has written into dist/types into one file.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const bundle = await rolldown({ input: here('dist/types/tidings.d.ts'), plugins: [dts({ dtsOnly: true })] });
await bundle.write({ dir: here('dist'), entryFileNames: '[name].ts' });
await bundle.close();
rmSync(here('dist/types'), { recursive: true });
