import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, picture, start, text } from './harness.mjs';

describe('maintenance', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  test('blocks every open page until it ends', async () => {
    const pages = [await stage.page('ann', '/orders/1042'), await stage.page('ben', '/chat')];
    await stage.cli('maintenance', 'on', '--message', 'Back at 14:00');
    for (const page of pages) await text(by(page, 'maintenance-message'), 'Back at 14:00');
    await picture(pages[0], 'maintenance-modal');
    await pages[0].keyboard.press('Escape');
    assert.ok(await by(pages[0], 'maintenance-modal').isVisible(), 'Escape does not close the dialog');
    await assert.rejects(by(pages[0], 'nav-chat').click({ timeout: 1000 }), 'the page behind the dialog is inert');
    assert.match(await stage.cli('maintenance', 'status'), /Back at 14:00/);
    await stage.cli('maintenance', 'off');
    for (const page of pages) await by(page, 'maintenance-modal').waitFor({ state: 'hidden' });
  });

  test('blocks a page that is opened or reloaded during maintenance', async () => {
    const early = await stage.page('ann');
    await stage.cli('maintenance', 'on', '--message', 'Moving house');
    const late = await stage.page('ben');
    await text(by(late, 'maintenance-message'), 'Moving house');
    await early.reload();
    await text(by(early, 'maintenance-message'), 'Moving house');
    await stage.cli('maintenance', 'off');
    await by(late, 'maintenance-modal').waitFor({ state: 'hidden' });
    await by(early, 'maintenance-modal').waitFor({ state: 'hidden' });
  });

  test('leaves the pages of an operator usable', async () => {
    const [ann, ben] = [await stage.page('ann'), await stage.page('ben')];
    await stage.cli('maintenance', 'on', '--message', 'Ann works on it', '--operator', 'ann');
    await text(by(ben, 'maintenance-message'), 'Ann works on it');
    await text(by(ann, 'maintenance-banner'), 'Ann works on it');
    await picture(ann, 'maintenance-operator');
    await by(ann, 'nav-chat').click();
    await stage.cli('maintenance', 'off');
    await by(ben, 'maintenance-modal').waitFor({ state: 'hidden' });
    await by(ann, 'maintenance-banner').waitFor({ state: 'hidden' });
  });
});
