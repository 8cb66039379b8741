// The npm package of the SDK as `npm pack` makes it: in a fresh TypeScript project that compiles, and runs against a server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { root, start } from './harness.mjs';

const run = promisify(execFile);
const KEY = 'the-key-of-a-backend-in-a-test';
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.map': 'application/json' };

const main = `
import { connect, type Connection, type ConnectionState, type TidingsError, type TopicEvent, watchContent } from '@tidings/client';

declare global {
  interface Window { got: unknown[]; state: ConnectionState; connection: Connection; errors: TidingsError[] }
}
window.got = [];
window.errors = [];
const connection = connect({ url: new URLSearchParams(location.search).get('server')!, onError: (error) => window.errors.push(error) });
connection.onState((state) => {
  window.state = state;
  if (state.name === 'waiting') console.log(state.reason, state.message, state.retryAt.getTime());
});
const show = ({ payload, position }: TopicEvent): void => void window.got.push([payload.args[0], position !== null]);
connection.subscribe('chat.package', show, { history: 10 });
watchContent(connection, ['order.1'], { changed: ({ count }) => window.got.push(count), ready: ({ refused }) => console.log(refused.length) });
window.connection = connection;
// @ts-expect-error: a state has no such name
if (connection.state.name === 'nowhere') throw new Error();
`;

describe('the npm package', () => {
  let stage;
  let server;
  let site;
  let folder;
  before(async () => {
    stage = await start();
    folder = join(stage.folder, 'application');
    mkdirSync(folder);
    site = createServer(({ url }, response) => {
      const file = join(folder, new URL(url, 'http://localhost').pathname);
      if (!existsSync(file)) return response.writeHead(404).end();
      return response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'text/plain' }).end(readFileSync(file));
    });
    await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
    server = await stage.serve(`
      origins: ['http://127.0.0.1:${site.address().port}']
      auth: {anonymous: {}}
      api_keys: [{name: erp, key: ${KEY}, may: [publish]}]
      content: {'order.{id:int}': {watch: "true"}}
      topics: {'chat.{room}': {subscribe: "true", publish: "true", keep: 100}}`);
  });
  afterEach(() => stage.clear());
  after(async () => {
    site.close();
    site.closeAllConnections();
    await server.stop();
    await stage.stop();
  });

  test('is installed from its tarball, compiles strictly however it is resolved, and runs in a browser', async () => {
    const client = join(root, 'web/packages/client');
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: client });
    const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))); // the build may say something before
    assert.equal(files.filter(({ path }) => path.endsWith('.d.ts')).length, 1);
    writeFileSync(join(folder, 'package.json'), '{"name": "application", "private": true, "type": "module"}');
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`], { cwd: folder });
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src/main.ts'), main);
    for (const [module, moduleResolution] of [['ESNext', 'bundler'], ['Node16', 'node16'], ['NodeNext', 'nodenext']]) {
      rmSync(join(folder, 'out'), { recursive: true, force: true });
      const compilerOptions = {
        strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, target: 'ES2022', lib: ['ES2022', 'DOM'], types: [],
        module, moduleResolution, outDir: 'out', rootDir: 'src', sourceMap: true,
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
      const compiled = run(process.execPath, [join(root, 'web/node_modules/typescript/bin/tsc'), '-p', folder]);
      assert.equal((await compiled.catch((error) => error)).stdout, '', `resolved as ${moduleResolution}`);
    }
    const { exports } = JSON.parse(readFileSync(join(folder, 'node_modules/@tidings/client/package.json'), 'utf8'));
    const imports = { '@tidings/client': `/node_modules/@tidings/client/${exports['.'].default}` };
    writeFileSync(join(folder, 'index.html'), `<!doctype html><title>application</title>
      <script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="/out/main.js"></script>`);
    const page = await (await stage.context()).newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    await page.goto(`http://127.0.0.1:${site.address().port}/index.html?server=ws://${server.address}/ws`);
    await page.waitForFunction(() => window.connection?.status.state === 'live');
    const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`http://${server.address}/api/v1/publish`, { method: 'POST', headers, body: '{"topic": "chat.package", "args": ["hello"]}' });
    assert.equal(answer.status, 200);
    await page.waitForFunction(() => window.got.length > 0);
    assert.deepEqual(await page.evaluate(() => [window.got, window.errors.length]), [[['hello', true]], 0]);
  });
});
