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
