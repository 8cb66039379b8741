// Text that nobody has saved yet.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, connected, edit, picture, save, start, text } from './harness.mjs';

describe('unsaved text', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  const OFFER = /Your unsaved changes of \d+:\d+ are kept/;

  /** Types into the note as a user does: browsers ask before leaving only a page that was used. */
  async function type(page, words) {
    await by(page, 'field-note').click();
    await page.keyboard.type(words);
    await text(by(page, 'form-status'), 'Unsaved');
  }

  test('is offered after a reload, which asks first, and can be restored', async () => {
    const ann = await stage.page('ann', '/orders/1042');
    const asked = [];
    ann.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    await ann.reload();
    await connected(ann);
    assert.deepEqual(asked, [], 'nothing is unsaved');
    const before = await by(ann, 'field-note').inputValue();
    await type(ann, ' call first');
    await ann.reload();
    assert.deepEqual(asked, ['beforeunload']);
    await text(by(ann, 'draft-offer'), OFFER);
    await text(by(ann, 'order-unsaved'), /Unsaved changes of \d+:\d+/);
    await picture(ann, 'unsaved-offer');
    assert.equal(await by(ann, 'field-note').inputValue(), before);
    await by(ann, 'draft-restore').click();
    assert.match(await by(ann, 'field-note').inputValue(), /call first/);
    await save(ann);
    await ann.reload();
    await connected(ann);
    await by(ann, 'order-form').waitFor();
    assert.equal(await by(ann, 'draft-offer').count(), 0);
    assert.deepEqual(asked, ['beforeunload'], 'nothing is unsaved any more');
  });

  test('is offered after a crash of the page, and can be discarded for good', async () => {
    const ann = await stage.page('ann', '/orders/1043');
    await type(ann, ' fragile');
    const crashed = new Promise((resolve) => ann.once('crash', resolve));
    void ann.context().newCDPSession(ann).then((cdp) => cdp.send('Page.crash')).catch(() => undefined); // it cannot answer
    await crashed;
    const again = await stage.tab(ann, 'ann', '/orders/1043');
    await text(by(again, 'draft-offer'), OFFER);
    await by(again, 'draft-forget').click();
    await by(again, 'draft-offer').waitFor({ state: 'detached' });
    await again.reload();
    await by(again, 'order-form').waitFor();
    assert.equal(await by(again, 'draft-offer').count(), 0);
  });

  test('survives maintenance, with and without a reload', async () => {
    const ann = await stage.page('ann', '/orders/1044');
    await type(ann, ' before noon');
    const typed = await by(ann, 'field-note').inputValue();
    await stage.cli('maintenance', 'on', '--message', 'Back soon');
    await by(ann, 'maintenance-modal').waitFor();
    await stage.cli('maintenance', 'off');
    await by(ann, 'maintenance-modal').waitFor({ state: 'hidden' });
    assert.equal(await by(ann, 'field-note').inputValue(), typed);
    await stage.cli('maintenance', 'on', '--message', 'Back soon');
    await by(ann, 'maintenance-modal').waitFor();
    await ann.reload();
    await by(ann, 'maintenance-modal').waitFor();
    await stage.cli('maintenance', 'off');
    await by(ann, 'maintenance-modal').waitFor({ state: 'hidden' });
    await by(ann, 'draft-restore').click();
    assert.equal(await by(ann, 'field-note').inputValue(), typed);
  });

  test('is put on top of a version that somebody else has saved meanwhile, and is no one else\'s', async () => {
    const [ann, ben] = [await stage.page('ann', '/orders/1045'), await stage.page('ben', '/orders/1045')];
    await type(ann, ' by ship');
    await by(ben, 'field-quantity').fill('77');
    await save(ben);
    await ann.reload();
    await by(ann, 'draft-restore').click();
    assert.equal(await by(ann, 'field-quantity').inputValue(), '77');
    assert.match(await by(ann, 'field-note').inputValue(), /by ship/);
    await save(ann);
    await edit(ann, 1045, 'again');
    const other = await stage.tab(ann, 'ben', '/orders/1045');
    await by(other, 'order-form').waitFor();
    assert.equal(await by(other, 'draft-offer').count(), 0, 'another user of this browser');
  });

  test('in a second tab of the same user is shown as that, and is not offered in the first one', async () => {
    const first = await stage.page('ann', '/orders/1046');
    assert.equal(await by(first, 'presence-own').count(), 0);
    const second = await stage.tab(first, 'ann', '/orders/1046');
    await text(by(first, 'presence-own'), 'You have this order open in another tab');
    await type(second, ' in the second tab');
    await text(by(first, 'presence-own'), 'You are editing this order in another tab');
    await picture(first, 'unsaved-own-tab');
    assert.equal(await by(first, 'draft-offer').count(), 0);
    await edit(first, 1046, 'in the first tab');
    await text(by(second, 'presence-own'), 'You are editing this order in another tab');
    await second.close();
    await by(first, 'presence-own').waitFor({ state: 'detached' });
    await by(first, 'order-discard').click();
    await text(by(first, 'draft-offer'), OFFER);
    await by(first, 'draft-restore').click();
    assert.match(await by(first, 'field-note').inputValue(), /in the second tab/);
  });

  test('of a chat is kept for each room, and over a reload', async () => {
    const ann = await stage.page('ann', '/chat');
    await by(ann, 'chat-input').fill('to all');
    await by(ann, 'room-sales').click();
    assert.equal(await by(ann, 'chat-input').inputValue(), '');
    await by(ann, 'chat-input').fill('to sales');
    await ann.reload();
    await connected(ann);
    assert.equal(await by(ann, 'chat-input').inputValue(), 'to sales');
    await by(ann, 'chat-send').click();
    await by(ann, 'room-general').click();
    assert.equal(await by(ann, 'chat-input').inputValue(), 'to all');
    await ann.reload();
    await by(ann, 'room-sales').click();
    assert.equal(await by(ann, 'chat-input').inputValue(), '');
  });
});
