// Copies what npm can only pack from inside this folder: the built files, which the server embeds, and the license.
import { cpSync, rmSync } from 'node:fs';

const here = (path) => new URL(path, import.meta.url);

rmSync(here('dist'), { recursive: true, force: true });
cpSync(here('../../dist/client'), here('dist'), { recursive: true });
cpSync(here('../../../LICENSE'), here('LICENSE'));
