// Bundles the declarations that the compiler has written into dist/types into one file, dist/tidings.d.ts: what
// tidings.d.ts exports, and what that needs. It knows the form in which the compiler writes, and fails on another one.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('dist', import.meta.url));
const STARTS = /^(?:\/\*\*|export |declare |import |interface |type )/;
const DECLARES = /^(?:export )?(?:declare )?(?:abstract )?(?:type|interface|class|function|const) (\w+)/m;

/** Returns the statements of a file, each with the comment above it. */
function statements(text) {
  const found = [];
  let comment = '';
  for (const part of text.split(new RegExp(`^(?=${STARTS.source.slice(1)})`, 'm'))) {
    if (part.startsWith('/**')) comment = part;
    else {
      found.push((comment + part).trimEnd());
      comment = '';
    }
  }
  return found;
}

const declarations = new Map(); // name -> statement, of all files
const exported = { types: new Set(), values: new Set() };
const twice = new Set(); // names that two files declare
const visited = new Set();

function visit(module) {
  if (visited.has(module)) return;
  visited.add(module);
  for (const statement of statements(readFileSync(`${folder}/types/${module}.d.ts`, 'utf8'))) {
    for (const [, name] of statement.matchAll(/(?:from |import\()['"]\.\/(\w[\w/-]*)\.js['"]/g)) visit(name);
    const code = statement.replace(/^\/\*\*[^]*?\*\/\n/, '');
    if (/^import /.test(code) || /^export \{\};?$/.test(code)) continue;
    const names = /^export (type )?\{([^}]*)\} from /.exec(code);
    const name = DECLARES.exec(code)?.[1];
    if (names && module === 'tidings') {
      for (const item of names[2].split(',').map((text) => text.trim()).filter(Boolean)) {
        exported[names[1] || item.startsWith('type ') ? 'types' : 'values'].add(item.replace(/^type /, ''));
      }
    } else if (name) {
      if (declarations.has(name)) twice.add(name);
      declarations.set(name, statement);
    } else throw new Error(`${module}.d.ts: a statement of an unknown form: ${code}`);
  }
}

visit('tidings');
const wanted = new Set();
const want = (name) => {
  if (wanted.has(name)) return;
  if (twice.has(name)) throw new Error(`two files declare ${name}, so it cannot be part of one file of types`);
  wanted.add(name);
  for (const [word] of (declarations.get(name) ?? '').replace(/\/\*\*[^]*?\*\//g, '').matchAll(/\b[A-Z]\w*/g)) if (declarations.has(word)) want(word); // types
};
for (const name of [...exported.values, ...exported.types]) {
  if (!declarations.has(name)) throw new Error(`tidings.ts exports ${name}, which no file declares`);
  want(name);
}
const body = [...declarations].filter(([name]) => wanted.has(name)).map(([, statement]) => statement.replace(/^export /m, ''));
const list = (names) => [...names].sort().join(', ');
writeFileSync(`${folder}/tidings.d.ts`, `${body.map((text) => text.replace(/^(class|function|const|abstract)/m, 'declare $1')).join('\n')}
export { ${list(exported.values)} };
export type { ${list(exported.types)} };
`);
rmSync(`${folder}/types`, { recursive: true });
