import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, curl, picture, start, text, TIMEOUT } from './harness.mjs';

describe('flash notifications', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  test('appear once in each browser of the user and on no page of another user', async () => {
    const ann = await stage.page('ann');
    const ben = await stage.page('ben');
    const tabs = [ben, await stage.tab(ben, 'ben', '/prices')];
    const elsewhere = await stage.page('ben');
    const shown = async (words) => {
      const counts = await Promise.all(tabs.map((tab) => by(tab, 'flash-text').filter({ hasText: words }).count()));
      return counts.reduce((sum, count) => sum + count);
    };
    for (const words of ['Your report is ready', 'Lunch at noon']) {
      await stage.cli('publish', 'user.ben.flash', words);
      await text(by(elsewhere, 'flash-text'), words);
      for (const deadline = Date.now() + TIMEOUT; (await shown(words)) === 0;) assert.ok(Date.now() < deadline, `no tab shows "${words}"`);
    }
    assert.equal(await shown('Your report is ready'), 1);
    await stage.cli('publish', 'user.ann.flash', 'level=success', 'title=Done', 'text=for Ann');
    await text(by(ann, 'flash', '[data-level="success"]'), 'for Ann');
    assert.equal(await by(ann, 'flash').count(), 1, 'only the message to Ann');
    await picture(ben, 'flash');
  });

  const flash = (user, level, words) => stage.cli('publish', `user.${user}.flash`, `level=${level}`, `text=${words}`);

  test('of any number do not push an error out; the others are counted, listed and kept', async () => {
    const ben = await stage.page('ben');
    await flash('ben', 'error', 'The printer burns');
    await text(by(ben, 'flash-alert'), 'Error: The printer burns');
    for (let at = 1; at <= 7; at++) {
      await flash('ben', 'info', `Note ${at}`);
      await text(by(ben, 'flash-status'), `Note: Note ${at}`);
    }
    assert.deepEqual(await by(ben, 'flash-text').allInnerTexts(), ['The printer burns', 'Note 7', 'Note 6']);
    assert.equal(await by(ben, 'flash-more').innerText(), '+5 more');
    await picture(ben, 'flash-more');
    await by(ben, 'flash-more').click();
    assert.equal(await by(ben, 'flash-open').locator('li').count(), 8);
    await picture(ben, 'flash-list');
    await by(ben, 'flash-dismiss-all').click();
    assert.equal(await by(ben, 'flash-past').locator('li').count(), 8);
    await ben.keyboard.press('Escape');
    await by(ben, 'flash-list').waitFor({ state: 'hidden' });
    assert.equal(await by(ben, 'flash').count(), 0);
    await by(ben, 'flash-bell').click();
    await text(by(ben, 'flash-past'), 'The printer burns');
  });

  test('are closed by Escape, one after another', async () => {
    const ben = await stage.page('ben', '/orders/1042');
    for (const words of ['first', 'second']) {
      await flash('ben', 'warning', words);
      await text(by(ben, 'flash-text'), words);
    }
    await by(ben, 'field-note').focus();
    await ben.keyboard.press('Escape');
    assert.deepEqual(await by(ben, 'flash-text').allInnerTexts(), ['first']);
    await by(ben, 'flash-dismiss').focus();
    await ben.keyboard.press('Escape');
    assert.equal(await by(ben, 'flash').count(), 0);
    assert.equal(await ben.evaluate(() => document.activeElement.id), 'main', 'the focus is not lost');
  });

  test('say their kind with an icon and a word, also without colours', async () => {
    const ben = await stage.page('ben', '/orders', { forcedColors: 'active', reducedMotion: 'reduce' });
    for (const level of ['info', 'success', 'warning', 'error']) await flash('ben', level, `of level ${level}`);
    await by(ben, 'flash-bell').click();
    for (const [level, word] of Object.entries({ info: 'Note', success: 'Done', warning: 'Attention', error: 'Error' })) {
      const message = by(ben, 'flash-open').locator(`[data-level="${level}"]`);
      await text(message, word);
      assert.ok(await message.locator('svg').isVisible());
    }
    await picture(ben, 'flash-forced-colours');
  });

  for (const viewport of [{ width: 360, height: 740 }, { width: 1440, height: 900 }]) {
    test(`cover nothing that is needed, ${viewport.width} pixels`, async () => {
      const ben = await stage.page('ben', '/orders/1042', { viewport });
      for (const level of ['error', 'warning', 'info']) await flash('ben', level, 'A message of some length, which needs more than one line on the screen of a phone');
      await by(ben, 'flash').first().waitFor();
      for (const [path, ready] of [['/orders/1042', 'order-form'], ['/orders', 'order-row'], ['/prices', 'quote'], ['/chat', 'chat-input']]) {
        await ben.evaluate((hash) => (location.hash = hash), `#${path}`);
        await by(ben, ready).first().waitFor();
        const covered = await ben.evaluate(() => [...document.querySelectorAll('header :is(a, button, select), main :is(a, button, input, select, textarea):not([disabled]), .presence')].filter((element) => {
          element.scrollIntoView({ block: 'nearest' });
          const { left, top, width, height } = element.getBoundingClientRect();
          const found = document.elementFromPoint(left + width / 2, top + height / 2);
          return width > 1 && !element.classList.contains('skip') && found !== element && !element.contains(found) && !found?.contains(element);
        }).map(({ outerHTML }) => outerHTML.slice(0, 100)));
        assert.deepEqual(covered, [], path);
        await picture(ben, `flash-room-${viewport.width}${path.replaceAll('/', '-')}`);
      }
    });
  }

  test('a user sends a message to another one with the form of the page', async () => {
    const [ann, ben] = [await stage.page('ann'), await stage.page('ben')];
    await by(ann, 'flash-input').fill('Lunch?');
    await by(ann, 'send-flash').click();
    await text(by(ben, 'flash-text'), 'Lunch?');
  });

  test('a backend publishes to a page with curl and an API key', async () => {
    const ben = await stage.page('ben');
    const published = await stage.curl('/api/v1/publish', { topic: 'user.ben.flash', args: ['from curl'] });
    assert.equal(published.status, 200);
    assert.equal(published.body.deliveries, 1);
    await text(by(ben, 'flash-text'), 'from curl');
  });

  test('an API key without the scope publish gets 403 and a problem document', async () => {
    const key = 'the-key-of-a-backend-in-a-test';
    const body = { topic: 'user.ben.flash', args: ['never'] };
    for (const [may, want] of [['publish', 200], ['tickets', 403]]) {
      const server = await stage.serve(`
        api_keys: [{name: erp, key: ${key}, may: [${may}]}]
        topics: {'user.{user}.flash': {publish: backend}}`);
      const answer = await curl(server.address, '/api/v1/publish', { key, body });
      await server.stop();
      assert.equal(answer.status, want);
      if (want === 200) continue;
      assert.match(answer.type, /application\/problem\+json/);
      assert.match(answer.body.detail, /publish/);
    }
  });
});
