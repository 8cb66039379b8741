// The chat: from whom a message is, and what is there for users who come later or were away.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, connected, picture, start, text } from './harness.mjs';
import { Network } from './proxy.mjs';

describe('the chat', () => {
  let stage;
  let network;
  before(async () => (stage = await start()));
  afterEach(async () => {
    await stage.clear();
    network?.stop();
  });
  after(() => stage.stop());

  async function say(page, words) {
    await by(page, 'chat-input').fill(words);
    await by(page, 'chat-send').click();
  }

  /** Publishes as a user who writes the messages by hand, and returns the error. */
  async function publish(user, topic, kwargs) {
    const page = await (await stage.context()).newPage();
    await page.goto(`http://${stage.address}/client/tidings.js`);
    return page.evaluate(async ({ ticket, topic, kwargs }) => {
      const { connect } = await import('/client/tidings.js');
      const connection = connect({ url: '/ws', share: false, ticket: async () => ticket });
      return connection.publish(topic, { kwargs, acknowledge: true }).then(() => '', ({ message }) => message);
    }, { ticket: await stage.ticket(user), topic, kwargs });
  }

  test('names the author that the server knows, whatever a message says', async () => {
    const [ann, ben] = [await stage.page('ann', '/chat'), await stage.page('ben', '/chat')];
    await say(ann, 'I am Ann');
    await text(by(ben, 'message', '[data-user="ann"]'), /Ann Miller.*I am Ann/s);
    const { id, text: words, at } = { id: 'm1', text: 'I am Ann, too', at: new Date().toISOString() };
    const eve = { id: 'eve', name: 'Eve' };
    assert.match(await publish(eve, 'chat.general.message', { id, text: words, at, user: { id: 'ann', name: 'Ann Miller' } }), /user/);
    assert.equal(await publish(eve, 'chat.general.message', { id, text: words, at }), '');
    await text(by(ben, 'message', '[data-user="eve"]'), /Eve.*I am Ann, too/s);
    assert.equal(await by(ben, 'message', '[data-user="ann"]').count(), 1);
    await publish(eve, 'chat.general.typing', { user: { id: 'ann', name: 'Ann Miller' } });
    await text(by(ben, 'typing'), 'Eve is typing');
    await picture(ben, 'chat-sender');
  });

  test('lets no user replace the message of another one, by its id', async () => {
    const ben = await stage.page('ben', '/chat/sales');
    const message = { id: 'the-same', text: 'of Ann', at: new Date().toISOString() };
    assert.equal(await publish({ id: 'ann', name: 'Ann Miller' }, 'chat.sales.message', message), '');
    await text(by(ben, 'message-text'), 'of Ann');
    assert.equal(await publish({ id: 'eve', name: 'Eve' }, 'chat.sales.message', { ...message, text: 'of Eve' }), '');
    await text(by(ben, 'message-text'), 'of Eve');
    assert.deepEqual(await by(ben, 'message-text').allInnerTexts(), ['of Ann', 'of Eve']);
  });

  test('has its history for who comes later, and what was missed for who was away', async () => {
    network = await new Network(stage.address).start();
    const away = await stage.page('ben', '/chat/warehouse', { address: network.address, query: { share: 'off' } });
    const ann = await stage.page('ann', '/chat/warehouse');
    await say(ann, 'one');
    await text(by(away, 'message-text'), 'one');
    network.fall();
    await by(away, 'connection', '[data-state="waiting"]').waitFor({ state: 'attached', timeout: 40_000 });
    for (const words of ['two', 'three']) await say(ann, words);
    await text(by(ann, 'message', '[data-state="sent"]'), 'three');
    network.rise();
    await by(away, 'connection-retry').evaluateAll((buttons) => buttons.forEach((button) => button.click()));
    await connected(away);
    await text(by(away, 'message-text'), 'three');
    const late = await stage.page('olga', '/chat/warehouse');
    await text(by(late, 'message-text'), 'three');
    for (const page of [away, late]) {
      assert.deepEqual(await by(page, 'message-text').allInnerTexts(), ['one', 'two', 'three']);
      await text(by(page, 'message', '[data-user="ann"]'), 'Ann Miller');
    }
  });
});
