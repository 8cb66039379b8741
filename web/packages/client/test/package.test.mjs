// Packs the npm package, installs the tarball into a folder, and type-checks and imports it there.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };

const run = promisify(execFile);
const source = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

/** Returns what an application with one file is bundled to. */
async function bundle(folder, name, source) {
  const file = join(folder, `${name}.js`);
  writeFileSync(file, source);
  const build = await rolldown({ input: file, cwd: folder, treeshake: true });
  const { output } = await build.generate({ format: 'es' });
  await build.close();
  return output.map(({ code }) => code).join('\n');
}

const page = `
import { connect, type Connection, type Event, type TopicEvent, watchContent, Failed } from '@tidings/client';

const connection: Connection = connect({ url: '/ws', ticket: async () => 'secret' });
const show = (event: TopicEvent): void => console.log(event.uri, event.payload.args, event.publication);
const handle = connection.subscribe('order.42', show, { onActive: () => undefined });
const old = (event: Event): void => show(event);
watchContent(connection, ['order.42'], { changed: ({ author, fields }) => console.log(author?.name, fields) });
connection.call('stock.count').catch((error) => error instanceof Failed && error.failure.uri);
// @ts-expect-error: a topic is a string
connection.subscribe(42, old);
handle.release();
`;

describe('the npm package', () => {
  let folder;
  let files;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidings-client-'));
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: source });
    const [packed] = JSON.parse(stdout);
    files = packed.files.map(({ path }) => path).sort();
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`], { cwd: folder });
  }, 60_000);

  afterAll(() => rmSync(folder, { recursive: true }));

  it('contains its modules and their types, a README and the license', () => {
    expect(files.filter((name) => !name.endsWith('.d.ts'))).toEqual([
      'LICENSE', 'README.md', 'dist/longpoll.js', 'dist/share.js', 'dist/tidings-worker.js', 'dist/tidings.js', 'package.json',
    ]);
    expect(files).toContain('dist/tidings.d.ts');
  });

  it.each([['tidings', 14 << 10], ['share', 3400], ['tidings-worker', 1400]])('has %s.js in at most %i bytes, gzipped', (name, most) => {
    const file = readFileSync(join(folder, 'node_modules/@tidings/client/dist', `${name}.js`));
    expect(gzipSync(file, { level: 9 }).length).toBeLessThanOrEqual(most);
  });

  it('gives a bundle only what is used', async () => {
    const [all, connects, waits] = await Promise.all([
      bundle(folder, 'all', "export * from '@tidings/client';"),
      bundle(folder, 'connect', "export { connect } from '@tidings/client';"),
      bundle(folder, 'backoff', "export { backoff } from '@tidings/client';"),
    ]);
    expect(all).toContain('tidings.presence.enter');
    expect(connects).not.toMatch(/tidings\.(presence\.enter|maintenance|content\.)/);
    expect(connects).toContain('tidings.channels.wamp.2.json'); // of the file that is loaded on demand
    expect(connects.length).toBeLessThan(all.length - 3000);
    expect(waits.length).toBeLessThan(all.length / 10);
  }, 60_000);

  it.each([['bundler', 'ESNext'], ['nodenext', 'NodeNext']])('has types that check a page, resolved as %s', async (moduleResolution, module) => {
    writeFileSync(join(folder, 'page.ts'), page);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { target: 'ES2022', lib: ['ES2022', 'DOM'], types: [], strict: true, noEmit: true, module, moduleResolution },
      files: ['page.ts'],
    }));
    const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch((error) => error);
    expect(stdout).toBe('');
  }, 60_000);

  it('needs no other package, and has its version', async () => {
    const script = "import * as sdk from '@tidings/client'; console.log(Object.keys(sdk).includes('connect'))";
    expect((await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })).stdout).toBe('true\n');
    const { stdout } = await run('grep', ['-o', `tidings-js/${manifest.version}`, join(folder, 'node_modules/@tidings/client/dist/tidings.js')]);
    expect(stdout).toBe(`tidings-js/${manifest.version}\n`);
  });
});
