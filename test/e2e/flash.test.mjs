import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, curl, picture, start, text } from './harness.mjs';

describe('flash notifications', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  test('appear on all pages of the user and on nobody else\'s', async () => {
    const ann = await stage.page('ann');
    const ben = await stage.page('ben');
    const second = await stage.tab(ben, 'ben', '/prices');
    await stage.cli('publish', 'user.ben.flash', 'Your report is ready');
    await text(by(ben, 'flash-text'), 'Your report is ready');
    await text(by(second, 'flash-text'), 'Your report is ready');
    await stage.cli('publish', 'user.ann.flash', 'level=success', 'title=Done', 'text=a barrier');
    await text(by(ann, 'flash', '[data-level="success"]'), 'a barrier');
    assert.equal(await by(ann, 'flash').count(), 1, 'only her own');
    await picture(ben, 'flash');
  });

  test('one user sends another a message with the page\'s own form', async () => {
    const [ann, ben] = [await stage.page('ann'), await stage.page('ben')];
    await by(ann, 'flash-input').fill('Lunch?');
    await by(ann, 'send-flash').click();
    await text(by(ben, 'flash-text'), 'Lunch?');
  });

  test('curl publishes with an API key to a page', async () => {
    const ben = await stage.page('ben');
    const published = await stage.curl('/api/v1/publish', { topic: 'user.ben.flash', args: ['from curl'] });
    assert.equal(published.status, 200);
    assert.equal(published.body.deliveries, 1);
    await text(by(ben, 'flash-text'), 'from curl');
  });

  test('the same key without the scope gets 403 and a problem document', async () => {
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
