// Copies the license into the package's folder, because npm packs files from there only.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

copyFileSync(new URL('../../LICENSE', import.meta.url), join(process.argv[2], 'LICENSE'));
