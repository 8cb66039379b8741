import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, connected, picture, start, text } from './harness.mjs';

describe('charts, chat and connections', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  test('prices tick at least a hundred times a second and are drawn', async () => {
    const ann = await stage.page('ann', '/prices');
    await ann.waitForFunction(() => Number(document.querySelector('[data-testid="tick-rate"]')?.textContent) >= 100);
    assert.ok(await by(ann, 'quote').count() >= 4);
    const drawn = await ann.evaluate(() => {
      const canvas = document.querySelector('[data-testid="price-chart"] canvas');
      return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte !== 0);
    });
    assert.ok(drawn, 'the chart has pixels');
    await picture(ann, 'prices');
  });

  test('users chat, see each other typing, and keep their messages when they change rooms', async () => {
    const [ann, ben] = [await stage.page('ann', '/chat'), await stage.page('ben', '/chat')];
    await by(ann, 'chat-input').pressSequentially('Hello Ben');
    await text(by(ben, 'typing'), /Ann.*typing/);
    await by(ann, 'chat-send').click();
    await text(by(ben, 'message-text'), 'Hello Ben');
    await text(by(ann, 'message-text'), 'Hello Ben');
    await by(ben, 'chat-input').fill('Hello Ann');
    await by(ben, 'chat-send').click();
    await text(by(ann, 'message-text'), 'Hello Ann');
    await picture(ann, 'chat');
    const late = await stage.page('ben', '/chat');
    await text(by(late, 'message-text'), 'Hello Ben');
    assert.deepEqual(await by(late, 'message-text').allInnerTexts(), ['Hello Ben', 'Hello Ann']);
    await by(ann, 'room-sales').click();
    await text(by(ann, 'room-title'), /sales/i);
    await by(ann, 'room-general').click();
    await text(by(ann, 'message-text'), 'Hello Ann');
  });

  test('a page shows a lost server, and reconnects and subscribes again when the server is back', async () => {
    const ben = await stage.page('ben', '/orders/1042');
    const { address } = stage.server;
    await stage.server.stop('SIGKILL');
    await by(ben, 'connection', '[data-state="waiting"][data-freshness="stale"]').waitFor({ state: 'attached' });
    await text(by(ben, 'connection'), /Stale since \d+:\d+/);
    await picture(ben, 'offline');
    await by(ben, 'connection-retry').click(); // the server is still down
    await stage.server.start(address);
    await by(ben, 'connection-retry').evaluateAll((buttons) => buttons.forEach((button) => button.click())); // no button: the page has reconnected already
    await connected(ben);
    await by(ben, 'connection', '[data-freshness="live"]').waitFor({ state: 'attached' });
    const flash = text(by(ben, 'flash-text'), 'after the restart');
    for (;;) { // the page is connected before it has subscribed to all topics again
      const { body } = await stage.curl('/api/v1/publish', { topic: 'user.ben.flash', args: ['after the restart'] });
      if (body.deliveries > 0) break;
    }
    await flash;
  });

  for (const [device, viewport] of [['desktop', { width: 1280, height: 800 }], ['phone', { width: 360, height: 740 }]]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`every screen fits a ${device}, ${colorScheme}`, async () => {
        const page = await stage.page('ann', '/orders', { viewport, colorScheme });
        for (const [name, path, ready] of [
          ['orders', '/orders', by(page, 'order-row')], ['order', '/orders/1043', by(page, 'order-form')],
          ['prices', '/prices', by(page, 'quote')], ['chat', '/chat', by(page, 'chat-input')],
        ]) {
          await page.evaluate((hash) => (location.hash = hash), `#${path}`);
          await ready.first().waitFor();
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.equal(overflow, 0, `${name} scrolls sideways`);
          await picture(page, `${name}-${device}-${colorScheme}`);
        }
      });
    }
  }
});
