// Every screen and state with a keyboard, without colours, and by the rules of axe.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, edit, picture, start, text } from './harness.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('for everybody', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  const screens = [['/orders', 'order-row'], ['/orders/1042', 'order-form'], ['/orders/7', 'order-hint'], ['/prices', 'price-chart'], ['/chat', 'chat-input']];

  async function clean(page, what) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`));
    assert.deepEqual(found, [], what);
  }

  /** Goes through all screens. */
  async function through(page, what) {
    for (const [path, ready] of screens) {
      await page.evaluate((hash) => (location.hash = hash), `#${path}`);
      await by(page, ready).first().waitFor();
      await clean(page, `${what}: ${path}`);
    }
  }

  for (const colorScheme of ['light', 'dark']) {
    for (const viewport of [{ width: 1440, height: 900 }, { width: 360, height: 740 }]) {
      test(`axe finds nothing on any screen, in any state, ${colorScheme}, ${viewport.width} pixels`, async () => {
        // Contrast is measured in the end state of a transition.
        const options = { colorScheme, viewport, reducedMotion: 'reduce' };
        const [page, ben] = [await stage.page('ann', '/orders', options), await stage.page('ben', '/orders/1042')];
        await through(page, 'calm');
        await page.evaluate(() => (location.hash = '#/orders/1042'));
        await text(by(page, 'presence-text'), 'Ben');
        await edit(ben, 1042, `typed by Ben, ${colorScheme}, ${viewport.width}`);
        await text(by(page, 'presence-text'), 'is editing');
        await clean(page, 'another user edits');
        await edit(page, 1042, 'typed by Ann');
        await by(ben, 'order-save').click();
        await by(page, 'form-outdated').waitFor();
        await by(page, 'order-save').click();
        await by(page, 'form-error').waitFor();
        for (const level of ['info', 'success', 'warning', 'error']) await stage.cli('publish', 'user.ann.flash', `level=${level}`, `text=of ${level}`);
        await clean(page, 'a conflict, and flash messages');
        await by(page, 'flash-bell').click();
        await clean(page, 'the list of flash messages');
        await by(page, 'flash-dismiss-all').click();
        await page.keyboard.press('Escape');
        await edit(page, 1043, 'kept');
        await page.reload();
        await by(page, 'draft-offer').waitFor();
        await clean(page, 'an offered draft');
        await by(page, 'draft-forget').click();
        await stage.cli('maintenance', 'on', '--message', 'Back at 14:00', '--operator', 'ben');
        await by(page, 'maintenance-modal').waitFor();
        await clean(page, 'maintenance');
        await by(ben, 'maintenance-banner').waitFor();
        await stage.cli('maintenance', 'off');
        await by(page, 'maintenance-modal').waitFor({ state: 'hidden' });
        const { address } = stage.server;
        await edit(page, 1044, 'saved later');
        await stage.server.stop('SIGKILL');
        try {
          await by(page, 'as-of').first().waitFor({ state: 'attached' });
          await by(page, 'order-save').click();
          await by(page, 'form-waiting').waitFor();
          await through(page, 'without the server');
        } finally {
          await stage.server.start(address);
        }
      });
    }
  }

  test('links at the beginning of the page lead to the content and to the form', async () => {
    const page = await stage.page('ann', '/orders/1042');
    await by(page, 'order-form').waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the form of order 1042');
    await picture(page, 'skip-to-form');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'order-form');
    assert.match(page.url(), /#\/orders\/1042$/);
  });

  test('an address with an unknown user offers the users that there are', async () => {
    const page = await (await stage.context()).newPage();
    await page.goto(`http://${stage.address}/demo/?user=zoe#/orders/1042`);
    await text(by(page, 'unknown-user'), 'There is no user zoe');
    await clean(page, 'an unknown user');
    await picture(page, 'unknown-user');
    await page.getByRole('link', { name: 'Ben Okafor' }).click();
    await by(page, 'order-form').waitFor();
    assert.match(page.url(), /user=ben#\/orders\/1042/);
  });

  test('every screen can be used without colours', async () => {
    const page = await stage.page('ann', '/orders', { forcedColors: 'active' });
    for (const [path, ready] of screens) {
      await page.evaluate((hash) => (location.hash = hash), `#${path}`);
      await by(page, ready).first().waitFor();
      await picture(page, `forced-colours${path.replaceAll('/', '-')}`);
    }
  });
});
