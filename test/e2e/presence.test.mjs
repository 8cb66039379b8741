import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, edit, picture, start, text } from './harness.mjs';

describe('presence', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  test('shows viewers and editors as they enter, edit and leave', async () => {
    const ann = await stage.page('ann', '/orders/1042');
    await text(by(ann, 'presence-text'), 'Nobody else');
    const ben = await stage.page('ben', '/orders/1042');
    await text(by(ann, 'presence-text'), /Ben.* is viewing/);
    await text(by(ben, 'presence-text'), /Ann.* is viewing/);
    await edit(ben, 1042, 'typing');
    await text(by(ann, 'presence-text'), /Ben.* is editing/);
    await picture(ann, 'presence-editing');
    await by(ben, 'order-discard').click();
    await text(by(ann, 'presence-text'), /Ben.* is viewing/);
    await by(ben, 'nav-chat').click();
    await text(by(ann, 'presence-text'), 'Nobody else');
  });

  test('counts many tabs of one user as one person', async () => {
    const ann = await stage.page('ann', '/orders/1043');
    const ben = await stage.page('ben', '/orders/1043');
    const second = await stage.tab(ben, 'ben', '/orders/1043');
    await edit(second, 1043, 'typing in the second tab');
    await text(by(ann, 'presence-text'), /Ben.* is editing/);
    assert.equal(await by(ann, 'presence-person').count(), 1);
    await second.close();
    await text(by(ann, 'presence-text'), /Ben.* is viewing/);
    await ben.close();
    await text(by(ann, 'presence-text'), 'Nobody else');
  });
});
