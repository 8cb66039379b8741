// Copies the built files and the license into this folder, because npm packs files from here only.
import { cpSync, rmSync } from 'node:fs';

const here = (path) => new URL(path, import.meta.url);

rmSync(here('dist'), { recursive: true, force: true });
cpSync(here('../../dist/client'), here('dist'), { recursive: true });
cpSync(here('../../../LICENSE'), here('LICENSE'));
