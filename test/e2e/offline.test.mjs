// What a page shows and says while its server does not answer.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, connected, edit, look, picture, start, text, TIMEOUT } from './harness.mjs';
import { Network } from './proxy.mjs';

const AS_OF = /as of \d+:\d+/;

describe('without an answer of the server', () => {
  let stage;
  let network;
  before(async () => (stage = await start()));
  afterEach(async () => {
    await stage.clear();
    network?.stop();
  });
  after(() => stage.stop());

  async function down(...pages) {
    const { address } = stage.server;
    await stage.server.stop('SIGKILL');
    for (const page of pages) await by(page, 'connection', '[data-state="waiting"]').waitFor({ state: 'attached' });
    return async () => {
      await stage.server.start(address);
      for (const page of pages) await connected(page);
    };
  }

  const saved = async (id) => (await (await fetch(`http://${stage.address}/demo/api/orders/${id}`)).json());

  test('every screen says of what time it is, until all is true again', async () => {
    const screens = { order: '/orders/1042', prices: '/prices', chat: '/chat' };
    const pages = await Promise.all(Object.values(screens).map((path) => stage.page('ann', path)));
    await by(pages[1], 'quote').first().waitFor();
    for (const page of pages) assert.equal(await by(page, 'as-of').count(), 0);
    const up = await down(...pages);
    for (const [at, page] of pages.entries()) {
      await text(by(page, 'as-of'), AS_OF);
      await picture(page, `offline-${Object.keys(screens)[at]}`);
    }
    await text(by(pages[0], 'presence'), AS_OF);
    assert.ok(await by(pages[0], 'presence').evaluate((line) => getComputedStyle(line).filter.includes('grayscale')), 'presence is dimmed');
    await up();
    for (const page of pages) await by(page, 'as-of').first().waitFor({ state: 'detached' });
  });

  test('the header fits the screen, whatever it says of the connection', async () => {
    const ann = await stage.page('ann', '/orders');
    const fits = async () => {
      for (const width of [320, 360, 560, 561, 700, 761, 820, 1024, 1201]) {
        await ann.setViewportSize({ width, height: 740 });
        const [menu, scroll] = await ann.evaluate(() => {
          const { left, right } = document.querySelector('[data-testid="user-switch"]').getBoundingClientRect();
          return [{ width: right - left, right }, document.documentElement.scrollWidth];
        });
        assert.ok(menu.width >= 60 && menu.right <= width && scroll <= width, `${width}: the menu has ${JSON.stringify(menu)} of ${scroll}`);
      }
    };
    await fits();
    const up = await down(ann);
    await by(ann, 'connection-retry').waitFor();
    await fits();
    await ann.setViewportSize({ width: 820, height: 740 });
    await picture(ann, 'offline-tablet');
    await up();
  });

  test('a save is kept, says so, and is sent again when the server is back', async () => {
    const ann = await stage.page('ann', '/orders/1042');
    await edit(ann, 1042, 'call before delivery');
    const up = await down(ann);
    await by(ann, 'order-save').click();
    await text(by(ann, 'form-waiting'), 'The server does not answer. Your text is kept');
    await text(by(ann, 'order-unsaved'), 'Not saved yet');
    await picture(ann, 'offline-save');
    assert.equal(await by(ann, 'field-note').inputValue(), 'call before delivery');
    await by(ann, 'field-item').fill('typed meanwhile');
    await up();
    await by(ann, 'form-waiting').waitFor({ state: 'detached' });
    assert.equal((await saved(1042)).note, 'call before delivery');
    assert.notEqual((await saved(1042)).item, 'typed meanwhile', 'what was typed after the save is not saved');
    assert.equal(await by(ann, 'field-item').inputValue(), 'typed meanwhile');
    await text(by(ann, 'form-status'), 'Unsaved');
  });

  test('a save whose answer is lost is saved once', async () => {
    network = await new Network(stage.address).start();
    const ann = await stage.page('ann', '/orders/1043', { address: network.address, query: { share: 'off' } });
    await edit(ann, 1043, 'answered never');
    const { version } = await saved(1043);
    network.loseAnswers();
    await by(ann, 'order-save').click();
    await by(ann, 'form-waiting').waitFor();
    network.rise();
    await text(by(ann, 'form-status'), 'Saved');
    assert.equal((await saved(1043)).version, version + 1);
    assert.equal(await by(ann, 'form-error').count(), 0);
  });

  test('a flash message and a chat message say that they are not confirmed; the chat message arrives later', async () => {
    const [ann, ben] = [await stage.page('ann', '/orders'), await stage.page('ben', '/chat')];
    const up = await down(ann, ben);
    await by(ann, 'flash-input').fill('Lunch?');
    await by(ann, 'send-flash').click();
    await text(by(ann, 'send-flash-status'), 'Not confirmed: the server does not answer. Your text is kept.');
    assert.equal(await by(ann, 'flash-input').inputValue(), 'Lunch?');
    await by(ben, 'chat-input').fill('Are you there?');
    await by(ben, 'chat-send').click();
    await text(by(ben, 'message'), 'Not confirmed yet');
    await picture(ben, 'offline-message');
    await up();
    await by(ben, 'message', '[data-state="sent"]').waitFor();
    assert.deepEqual(await by(ben, 'message-text').allInnerTexts(), ['Are you there?']);
  });

  test('the lines of the chart break', async () => {
    const ann = await stage.page('ann', '/prices');
    await by(ann, 'quote').first().waitFor();
    const up = await down(ann);
    await text(by(ann, 'as-of'), AS_OF);
    await up();
    // The parts of the chart from left to right, with a line and without one.
    const parts = () => ann.evaluate(() => {
      const canvas = document.querySelector('[data-testid="price-chart"] canvas');
      const { width, height } = canvas;
      const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
      const isLine = (at) => pixels[at + 3] > 200 && Math.max(...pixels.slice(at, at + 3)) - Math.min(...pixels.slice(at, at + 3)) > 50;
      const found = [];
      for (let x = 0; x < width; x++) {
        let line = false;
        for (let y = 0; y < height && !line; y++) line = isLine((y * width + x) * 4);
        if (found.at(-1)?.line === line) found.at(-1).length++;
        else found.push({ line, length: 1 });
      }
      return found.filter(({ length }) => length > 3).map(({ line }) => (line ? 'line' : 'none')).join(' ');
    });
    for (const deadline = Date.now() + TIMEOUT; !/line none line/.test(await parts());) assert.ok(Date.now() < deadline, `the chart shows ${await parts()}`);
    await picture(ann, 'offline-chart-break');
  });

  test('a tab in the background says in its title and icon that something happened, until it is looked at', async () => {
    const [ann, ben] = [await stage.page('ann', '/chat'), await stage.page('ben', '/orders/1044')];
    const icon = () => ben.locator('link[rel="icon"]').getAttribute('href');
    const title = await ben.title();
    await look(ben, false);
    await by(ann, 'chat-input').fill('Ben?');
    await by(ann, 'chat-send').click();
    await ben.waitForFunction(() => document.title.startsWith('(1) '));
    await stage.cli('publish', 'user.ben.flash', 'Your report is ready');
    await ben.waitForFunction(() => document.title.startsWith('(2) '));
    assert.match(await icon(), /icon-news\.svg/);
    assert.equal((await fetch(`http://${stage.address}/demo/icon-news.svg`)).status, 200);
    await look(ben, true);
    assert.equal(await ben.title(), title);
    assert.doesNotMatch(await icon(), /news/);
    await text(by(ben, 'flash-text'), 'Your report is ready');
  });

  test('a message into the room on screen is unread while nobody looks', async () => {
    const [ann, ben] = [await stage.page('ann', '/chat'), await stage.page('ben', '/chat')];
    await look(ben, false);
    await by(ann, 'chat-input').fill('Anybody?');
    await by(ann, 'chat-send').click();
    await text(by(ben, 'chat-unread'), '1');
    await look(ben, true);
    await by(ben, 'chat-unread').waitFor({ state: 'detached' });
  });
});
