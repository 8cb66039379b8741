// Marks the folder of the AMD file: the package's own type would make the file an ES module to bundlers.
import { writeFileSync } from 'node:fs';

writeFileSync(new URL('dist/amd/package.json', import.meta.url), '{ "type": "commonjs" }\n');
