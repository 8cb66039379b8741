// Publishes the built files: see ../publish.mjs. The module takes the SDK from the file beside it.
import { readFileSync } from 'node:fs';
import { publish } from '../publish.mjs';

const read = (name) => readFileSync(new URL(`dist/${name}`, import.meta.url), 'utf8');
const [before, after, ...more] = read('oro.js').split('"@tidings/client"');
if (after === undefined || more.length > 0) throw new Error('dist/oro.js does not import @tidings/client once');
publish({ 'oro.js': `${before}"./tidings.js"${after}`, 'oro.amd.js': read('amd/oro.js') }, (name) => name.startsWith('oro.'));
