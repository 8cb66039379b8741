// For tests of packages: packs some of them, installs the tarballs into a fresh folder, and type-checks a page there.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const packages = fileURLToPath(new URL('..', import.meta.url));
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/**
 * Installs packages of this workspace, and links others from it, because an installation without a network has no
 * others. Returns the folder, and the files of each package.
 */
export async function install(names, linked) {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-packages-'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  const packed = {};
  for (const name of names) {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: join(packages, name) });
    [packed[name]] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))); // the build may say something before
  }
  const tarballs = Object.values(packed).map(({ filename }) => `./${filename}`);
  await run('npm', ['install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
  for (const name of linked) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(modules, name), join(folder, 'node_modules', name));
  }
  const filesOf = (name) => packed[name].files.map(({ path }) => path).sort();
  return { folder, files: Object.fromEntries(names.map((name) => [name, filesOf(name)])) };
}

/** Returns what the compiler says of a page. */
export async function check(folder, page, options = {}) {
  writeFileSync(join(folder, 'page.tsx'), page);
  const compilerOptions = {
    target: 'ES2022', lib: ['ES2022', 'DOM'], types: [], strict: true, noEmit: true, skipLibCheck: false,
    module: 'NodeNext', moduleResolution: 'nodenext', ...options,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['page.tsx'] }));
  return (await run(process.execPath, [join(modules, 'typescript/bin/tsc'), '-p', folder]).catch((error) => error)).stdout;
}
