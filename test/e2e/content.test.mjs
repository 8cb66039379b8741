import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, edit, picture, save, start, text } from './harness.mjs';

describe('content outdated', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  test('another user sees the author and the change, and reloads', async () => {
    const [ann, ben] = [await stage.page('ann', '/orders/1042'), await stage.page('ben', '/orders/1042')];
    await text(by(ben, 'presence-text'), 'Ann');
    await edit(ann, 1042, 'call before delivery');
    await save(ann);
    const flash = await text(by(ben, 'flash'), /Ann/);
    assert.match(flash, /1042/);
    await picture(ben, 'content-outdated');
    assert.equal(await by(ann, 'flash').count(), 0, 'no message in the tab that saved');
    await by(ben, 'flash-reload').first().click();
    await ben.waitForFunction(() => document.querySelector('[data-testid="field-note"]')?.value === 'call before delivery');
  });

  test('the author\'s other tab shows a note instead of a message', async () => {
    const ann = await stage.page('ann', '/orders/1043');
    const other = await stage.tab(ann, 'ann', '/orders/1043');
    await edit(ann, 1043, 'fragile');
    await save(ann);
    await text(by(other, 'own-tab-note'), 'another tab');
    await picture(other, 'content-own-other-tab');
    assert.equal(await by(other, 'flash').count(), 0, 'no flash message about an own save');
    assert.equal(await by(ann, 'own-tab-note').count(), 0, 'no note in the tab that saved');
  });

  test('a list marks outdated orders, and receives no events of other records', async () => {
    const [ann, ben] = [await stage.page('ann'), await stage.page('ben', '/orders', { query: { share: 'off' } })]; // its frames are seen
    const frames = [];
    const session = await ben.context().newCDPSession(ben);
    await session.send('Network.enable');
    session.on('Network.webSocketFrameReceived', ({ response }) => frames.push(response.payloadData));
    await stage.curl('/api/v1/content/changed', { tags: ['order.987654', 'customer.7'] });
    await edit(ann, 1044, 'second floor');
    await save(ann);
    await by(ben, 'order-row', '[data-order="1044"][data-outdated="true"]').waitFor();
    await picture(ben, 'content-list');
    assert.ok(frames.some((frame) => frame.includes('"order.1044"')));
    assert.deepEqual(frames.filter((frame) => /order\.987654|customer\.7/.test(frame)), []);
  });

  test('a save of an old version is refused, and the typed text is kept', async () => {
    const [ann, ben] = [await stage.page('ann', '/orders/1045'), await stage.page('ben', '/orders/1045')];
    await edit(ben, 1045, 'written by Ben');
    await text(by(ben, 'form-status'), 'Unsaved');
    await edit(ann, 1045, 'written by Ann');
    await save(ann);
    await by(ben, 'order-save').click();
    await by(ben, 'form-error').waitFor();
    await picture(ben, 'content-conflict');
    assert.equal(await by(ben, 'field-note').inputValue(), 'written by Ben');
  });

  test('a backend reports a change over HTTP', async () => {
    const ben = await stage.page('ben', '/orders/1046');
    await stage.watched('order.1046');
    const { status, body } = await stage.curl('/api/v1/content/changed', {
      tags: ['order.1046', 'order.987654'], author: { id: 'olga', name: 'Olga Petrova' }, fields: ['status'],
    });
    assert.equal(status, 200);
    assert.equal(body.notified, 1, 'one page watches one of the tags');
    await text(by(ben, 'flash'), /Olga/);
  });
});
