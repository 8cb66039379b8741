// Publishes the built files: see ../publish.mjs.
import { readdirSync, readFileSync } from 'node:fs';
import { publish } from '../publish.mjs';

const dist = new URL('dist/', import.meta.url);
const names = readdirSync(dist).filter((name) => /\.(js|d\.ts)$/.test(name));
publish(Object.fromEntries(names.map((name) => [name, readFileSync(new URL(name, dist), 'utf8')])), (name) => !name.startsWith('oro.'));
