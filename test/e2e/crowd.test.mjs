// Many people, and names as they are in the world.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, edit, picture, save, start, text } from './harness.mjs';

const LONG = 'Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschaferswessenschafewarenwohlgepf'; // 100 characters
const NAMES = [LONG, '👩‍🚀 Valentina T.', 'شيرين عبد الوهاب', 'דוד בן־גוריון', 'e\u0301lodie noe\u0308l', 'Bo'];
const crowd = (size) => Array.from({ length: size }, (_, at) => ({ id: `guest${at}`, name: NAMES[at] ?? `Guest ${at}`, mode: at < 2 ? 'edit' : 'view' }));

describe('many people', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  test('sixty people are four avatars, two names and a number, and a list on demand', async () => {
    const ann = await stage.page('ann', '/orders/1042');
    await text(by(ann, 'presence-text'), 'Nobody else');
    const guests = await stage.crowd(1042, crowd(60).map((guest) => ({ ...guest, mode: 'view' })));
    await text(by(ann, 'presence-text'), /and 58 others are viewing/);
    assert.equal(await by(ann, 'presence-person').count(), 4);
    assert.equal(await by(ann, 'presence-more').innerText(), '+56');
    assert.equal(await by(ann, 'presence-list').count(), 0);
    await by(ann, 'presence-more').click();
    assert.equal(await by(ann, 'presence-list').locator('li').count(), 60);
    await picture(ann, 'crowd-list');
    await by(ann, 'presence-more').click();
    assert.equal(await by(ann, 'presence-list').count(), 0);
    await guests.close();
    await text(by(ann, 'presence-text'), 'Nobody else');
  });

  test('screen readers hear differences', async () => {
    const ann = await stage.page('ann', '/orders/1043');
    await text(by(ann, 'presence-text'), 'Nobody else');
    const ben = await stage.page('ben', '/orders/1043');
    await text(by(ann, 'presence-said'), /^\s*.?Ben Okafor.? came\.\s*$/);
    await edit(ben, 1043, 'typing');
    await text(by(ann, 'presence-said'), /^\s*.?Ben Okafor.? is editing\.\s*$/);
    await ben.close();
    await text(by(ann, 'presence-said'), /^\s*.?Ben Okafor.? left\.\s*$/);
  });

  test('a direction of one name does not reach the words around it, and an emoji is one character', async () => {
    const ann = await stage.page('ann', '/orders/1044');
    await stage.crowd(1044, [{ id: 'space', name: NAMES[1] }, { id: 'arab', name: NAMES[2] }]);
    await text(by(ann, 'presence-text'), 'are viewing');
    assert.deepEqual(await by(ann, 'presence-text').locator('bdi').allInnerTexts(), [NAMES[1], NAMES[2]]);
    assert.deepEqual(await by(ann, 'presence-person').allInnerTexts(), ['👩‍🚀', 'شا']);
    await picture(ann, 'crowd-names');
  });

  const users = [{ id: 'long', name: LONG, roles: ['staff'] }, { id: 'emoji', name: NAMES[1], roles: ['staff'] }, { id: 'arab', name: NAMES[2], roles: ['staff'] }];
  const sizes = {
    'a phone': { viewport: { width: 360, height: 740 } }, 'a desktop': { viewport: { width: 1440, height: 900 } },
    '200 %': { viewport: { width: 640, height: 512 }, deviceScaleFactor: 2 }, '400 %': { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 },
  };
  for (const [size, options] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark']) {
      test(`every screen fits ${size} with sixty people and long names, ${colorScheme}`, async () => {
        const page = await stage.page('long', '/orders', { users, colorScheme, ...options });
        await stage.crowd(1045, crowd(60));
        await say(users[0], 'A word that never ends: ' + 'x'.repeat(300));
        await say(users[2], 'שלום, hello');
        const other = await stage.page('ben', '/orders/1046');
        for (const [name, path, ready] of [
          ['orders', '/orders', by(page, 'order-row')], ['order', '/orders/1045', by(page, 'presence-more')],
          ['prices', '/prices', by(page, 'quote')], ['chat', '/chat', by(page, 'message')],
        ]) {
          await page.evaluate((hash) => (location.hash = hash), `#${path}`);
          await ready.first().waitFor();
          await fits(page, name);
          await picture(page, `crowd-${name}-${size.replace(/\W+/g, '-')}-${colorScheme}`);
        }
        await page.evaluate((hash) => (location.hash = hash), '#/orders/1045');
        await by(page, 'presence-more').click();
        await fits(page, 'the list of people');
        await page.evaluate((hash) => (location.hash = hash), '#/orders/1046');
        await by(page, 'order-form').waitFor();
        await edit(other, 1046, `of ${colorScheme} at ${size}`);
        await save(other);
        for (const level of ['info', 'error', 'warning']) await stage.cli('publish', 'user.long.flash', `level=${level}`, `title=${LONG}`, `text=${LONG} ${LONG}`);
        await by(page, 'flash-more').or(by(page, 'flash').nth(2)).first().waitFor();
        await fits(page, 'flash messages');
        await picture(page, `crowd-flash-${size.replace(/\W+/g, '-')}-${colorScheme}`);
        await by(page, 'flash-bell').click();
        await fits(page, 'the list of flash messages');
        await picture(page, `crowd-flash-list-${size.replace(/\W+/g, '-')}-${colorScheme}`);
      });
    }
  }

  /** Says something in the chat, over a connection of its own. */
  async function say(user, words) {
    const page = await (await stage.context()).newPage();
    await page.goto(`http://${stage.address}/client/tidings.js`);
    await page.evaluate(async ({ ticket, words }) => {
      const { connect } = await import('/client/tidings.js');
      const connection = connect({ url: '/ws', share: false, ticket: async () => ticket });
      const kwargs = { id: crypto.randomUUID(), text: words, at: new Date().toISOString() };
      await connection.publish('chat.general.message', { kwargs, acknowledge: true });
    }, { ticket: await stage.ticket(user), words });
  }

  /** Nothing scrolls sideways, and no text is wider than its box. */
  async function fits(page, what) {
    const found = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      const outside = [...document.querySelectorAll('.app *, dialog[open] *')].filter((element) => {
        const { left, right, width, height } = element.getBoundingClientRect();
        return width > 1 && height > 1 && (left < -1 || right > clientWidth + 1) && !element.closest('.visually-hidden, .u-wrap, .skip');
      });
      return { overflow: scrollWidth - clientWidth, outside: outside.map((element) => `${element.tagName}.${element.className}`).slice(0, 5) };
    });
    assert.deepEqual(found, { overflow: 0, outside: [] }, what);
  }
});
