// The examples of the packages for React and Vue, built as an application is, against a server of their own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { by, root, start, text } from './harness.mjs';

const run = promisify(execFile);
const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

/** Serves the files of a folder. */
async function serve(folder) {
  const site = createServer(({ url }, response) => {
    const name = new URL(url, 'http://localhost').pathname.replace(/\/$/, '/index.html');
    try {
      const file = readFileSync(join(folder, name));
      response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(file);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  return site;
}

for (const framework of ['react', 'vue']) {
  describe(`the example of ${framework}`, () => {
    let stage;
    let site;
    let server;
    before(async () => {
      const example = join(root, 'web/packages', framework, 'example');
      const built = join(example, 'dist');
      await run(join(root, 'web/node_modules/.bin/vite'), ['build', example, '--logLevel', 'error'], { cwd: join(root, 'web') });
      [stage, site] = [await start(), await serve(built)];
      server = await stage.serve(`
        origins: ['http://127.0.0.1:${site.address().port}']
        auth: {anonymous: {}}
        presence: {'room.{name}': {enter: "true", see: "true"}}
        topics: {'chat.{room}': {subscribe: "true", publish: "true", keep: 100}}`);
    });
    afterEach(() => stage.clear());
    after(async () => {
      site.close();
      await server.stop();
      await stage.stop();
    });

    async function open(context) {
      const page = await context.newPage();
      page.errors = [];
      page.on('pageerror', (error) => page.errors.push(String(error)));
      page.on('console', (line) => line.type() === 'error' && !line.text().startsWith('WebSocket connection') && page.errors.push(line.text()));
      await page.goto(`http://127.0.0.1:${site.address().port}/?server=http://${server.address}`);
      await text(by(page, 'status'), 'live, this room: live');
      return page;
    }

    async function say(page, words) {
      await by(page, 'text').fill(words);
      await page.getByRole('button', { name: 'Say' }).click();
    }

    test('two pages talk, see who is there, call, and one that comes later has the history', async () => {
      const [one, other] = [await open(await stage.context()), await open(await stage.context())];
      await text(by(one, 'people'), '2 here');
      await say(one, 'Hello');
      await text(by(other, 'message'), 'Hello');
      await text(by(one, 'message'), 'Hello');
      await by(other, 'call').click();
      await text(by(other, 'answer'), 'yes');
      const late = await open(await stage.context());
      await text(by(late, 'message'), 'Hello');
      await text(by(one, 'people'), '3 here');
      await late.close();
      await text(by(one, 'people'), '2 here');
      assert.equal(await by(one, 'message').count(), 1);
    });

    test('a page shows since when it is stale, and is live again when the server is back', async () => {
      const [page, other] = [await open(await stage.context()), await open(await stage.context())];
      await server.stop('SIGKILL');
      await text(by(page, 'status'), /as of/);
      await server.start(server.address);
      await text(by(page, 'status'), 'live, this room: live');
      await text(by(other, 'status'), 'live, this room: live');
      await say(other, 'Back again');
      await text(by(page, 'message'), 'Back again');
    });
  });
}
