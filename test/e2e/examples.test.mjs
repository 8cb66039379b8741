// The example applications, as `make examples` starts them: the same story in each language.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { FLAGS, picture, root, text, TIMEOUT } from './harness.mjs';

const run = promisify(execFile);

describe('the example applications', () => {
  const programs = new Map();
  let folder, browser, starter, ended;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidings-examples-'));
    const [start, binary] = [join(folder, 'start'), process.env.TIDINGS_BINARY ?? join(folder, 'tidings')];
    await run('go', ['build', '-o', start, './examples/orders/start'], { cwd: root });
    if (!process.env.TIDINGS_BINARY) await run('go', ['build', '-o', binary, './cmd/tidings'], { cwd: root });
    starter = spawn(start, ['-json', '-tidings', binary], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    ended = new Promise((resolve) => starter.once('exit', resolve));
    let log = '';
    starter.stderr.on('data', (part) => (log += part));
    for await (const line of createInterface({ input: starter.stdout })) {
      const program = JSON.parse(line);
      programs.set(program.name, program);
      if (program.name === 'tidings') break;
    }
    starter.stdout.resume(); // otherwise its pipe keeps this process
    assert.ok(programs.has('tidings'), log);
    for (const [line] of log.matchAll(/^SKIPPED.*$/gm)) console.log(line);
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  });

  after(async () => {
    await browser?.close();
    starter?.kill();
    await ended;
    rmSync(folder, { recursive: true });
  });

  /** Logs in at an application, in a browser context of its own. */
  async function login(url, user, connection = 'open', options = {}) {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(TIMEOUT);
    const page = await context.newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    await page.goto(url);
    await page.getByRole('button', { name: user }).click();
    await page.locator(`#connection[data-state="${connection}"]`).waitFor();
    return page;
  }

  async function save(page, note) {
    await page.getByLabel('Note').fill(note);
    await page.getByRole('button', { name: 'Save' }).click();
    return text(page.locator('#result'), /aved/);
  }

  async function close(...pages) {
    for (const page of pages) {
      assert.deepEqual(page.errors, []);
      await page.context().close();
    }
  }

  const languages = ['php', 'python', 'node', 'go'];
  for (const language of languages) {
    test(`${language}: two users see each other, what was saved, and maintenance`, async (t) => {
      const app = programs.get(language);
      if (!app) return t.skip(`${language} is missing`);
      const [ann, ben] = [await login(app.url, 'Ann'), await login(app.url, 'Ben')];
      await text(ben.locator('#people'), 'Ann Miller is looking at');
      await ben.getByLabel('Note').fill('for Ben');
      await text(ann.locator('#people'), 'Ben Okafor is editing');

      assert.equal(await save(ann, 'Ça va? 🐙 </script>'), 'Saved. Ben Okafor is editing, too.');
      await text(ben.locator('#outdated'), 'Ann Miller has saved this order.');
      assert.equal(await ann.locator('#outdated').isVisible(), false, 'the tab that saved is not told');
      await picture(ben, `example-${language}`);
      await ben.getByRole('button', { name: 'Save' }).click();
      await text(ben.locator('#outdated'), 'Ann Miller has saved before you');
      assert.equal(await ben.getByLabel('Note').inputValue(), 'for Ben');
      await ben.getByRole('button', { name: 'Load the new version' }).click();
      await ben.waitForFunction(() => document.querySelector('textarea').value === 'Ça va? 🐙 </script>');

      await ann.getByRole('button', { name: 'Announce' }).click();
      await text(ben.getByRole('dialog'), 'Back at 14:00');
      await picture(ben, `example-${language}-maintenance`);
      assert.equal(await ann.getByRole('dialog').isVisible(), false, 'Ann is an operator');
      await ann.getByRole('button', { name: 'End' }).click();
      await ben.getByRole('dialog').waitFor({ state: 'hidden' });
      await ben.reload();
      await text(ben.locator('#people'), 'Ann Miller is editing');
      await close(ann, ben);
    });

    test(`${language}: another site cannot fetch a ticket or save`, async (t) => {
      const app = programs.get(language);
      if (!app) return t.skip(`${language} is missing`);
      const ben = await login(app.url, 'Ben');
      const cookie = (await ben.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
      for (const [method, path] of [['POST', 'ticket'], ['PUT', 'order'], ['POST', 'maintenance']]) {
        const headers = { cookie, 'Content-Type': 'text/plain', Origin: 'https://other.example', 'Sec-Fetch-Site': 'cross-site' };
        const answer = await fetch(app.url + path, { method, headers, body: '{}' });
        assert.equal(answer.status, 403, `${method} ${path}: ${await answer.text()}`);
      }
      const stranger = await fetch(`${app.url}ticket`, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
      assert.equal(stranger.status, 401);
      assert.ok((await ben.context().cookies()).every(({ httpOnly, sameSite }) => httpOnly && sameSite === 'Lax'));
      await close(ben);
    });
  }

  for (const [name, options] of [['narrow', { viewport: { width: 360, height: 740 } }], ['wide and dark', { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }]]) {
    test(`the page fits a ${name} screen`, async () => {
      const ann = await login([...programs.values()][0].url, 'Ann', 'open', options);
      await text(ann.locator('#user'), 'Ann Miller');
      await picture(ann, `example-${name.replaceAll(' ', '-')}`);
      assert.ok(await ann.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls to the side');
      await close(ann);
    });
  }

  test('without the server all applications save, and new pages work', async () => {
    const before = await Promise.all(languages.filter((l) => programs.has(l)).map((l) => login(programs.get(l).url, 'Ann')));
    process.kill(programs.get('tidings').pid, 'SIGKILL');
    for (const page of before) {
      await page.locator('#connection[data-state="waiting"]').waitFor();
      assert.equal(await save(page, 'without the server'), 'Saved.');
      const url = page.url();
      const later = await login(url, 'Ben', 'none'); // its SDK is not there
      await later.waitForFunction(() => document.querySelector('textarea').value === 'without the server');
      assert.equal(await save(later, 'and again'), 'Saved.');
      await close(page, later);
    }
  });
});
