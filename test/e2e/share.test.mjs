import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { by, connected, edit, save, start, text, TIMEOUT } from './harness.mjs';

for (const [how, name] of [['', 'a SharedWorker'], ['tab', 'one of the tabs']]) {
  describe(`tabs share a connection, which ${name} holds`, () => {
    let stage;
    before(async () => (stage = await start()));
    afterEach(() => stage.clear());
    after(() => stage.stop());

    const query = how && { share: how };

    /** Waits until the sessions of the user fit, and returns them. */
    async function sessions(user, fits, timeout = TIMEOUT) {
      for (const deadline = Date.now() + timeout; ;) {
        const list = JSON.parse(await stage.cli('sessions', '--user', user, '--json')).sessions;
        if (fits(list)) return list;
        if (Date.now() > deadline) throw new Error(`the sessions of ${user} are ${JSON.stringify(list)}`);
      }
    }

    const connections = (list) => new Set(list.map(({ connection }) => connection)).size;
    const two = (list) => list.length === 2 && connections(list) === 1;

    test('two tabs hold one WebSocket, and each has a session and an identity of its own', async () => {
      const first = await stage.page('ann', '/orders', { query });
      const second = await stage.tab(first, 'ann', '/orders', { query });
      const list = await sessions('ann', two);
      assert.equal(new Set(list.map(({ tab }) => tab)).size, 2);
      assert.equal(new Set(list.map(({ id }) => id)).size, 2);
      await second.close();
      await sessions('ann', (left) => left.length === 1);
      await connected(first);
    });

    test('a change in one tab is foreign in the other, and not in its own', async () => {
      const first = await stage.page('ann', '/orders/1044', { query });
      const second = await stage.tab(first, 'ann', '/orders/1044', { query });
      await sessions('ann', two);
      await stage.watched('order.1044');
      await edit(first, 1044, 'changed in the first tab');
      await save(first);
      await by(second, 'own-tab-note').waitFor();
      assert.equal(await by(first, 'own-tab-note').count(), 0);
      assert.equal(await by(first, 'form-outdated').count(), 0);
    });

    test('closing the tab that has connected first moves the connection', async () => {
      const first = await stage.page('ann', '/chat', { query });
      const second = await stage.tab(first, 'ann', '/chat', { query });
      const third = await stage.tab(first, 'ann', '/chat', { query });
      const before = await sessions('ann', (list) => list.length === 3 && connections(list) === 1);
      await first.close();
      const after = await sessions('ann', two);
      if (how === 'tab') assert.notEqual(after[0].connection, before[0].connection);
      else assert.equal(after[0].connection, before[0].connection);
      await Promise.all([connected(second), connected(third)]);
      await by(second, 'chat-input').fill('after the move');
      await by(second, 'chat-send').click();
      await text(by(third, 'message-text'), 'after the move');
      await text(by(second, 'message-text'), 'after the move');
    });

    test('after the server was killed, both tabs are on one connection again, and hear each other', async () => {
      const first = await stage.page('ann', '/chat', { query });
      const second = await stage.tab(first, 'ann', '/chat', { query });
      await sessions('ann', two);
      const { address } = stage.server;
      await stage.server.stop('SIGKILL');
      await by(second, 'connection', '[data-state="waiting"]').waitFor({ state: 'attached' });
      await stage.server.start(address);
      await sessions('ann', two);
      await Promise.all([connected(first), connected(second)]);
      await by(first, 'chat-input').fill('after the restart');
      await by(first, 'chat-send').click();
      await text(by(second, 'message-text'), 'after the restart');
    });

    if (how === 'tab') {
      test('when the tab that holds it crashes, the others go on over a new one', async () => {
        const { first, tabs, old } = await three();
        void first.context().newCDPSession(first).then((cdp) => cdp.send('Page.crash')).catch(() => undefined); // it cannot answer
        await moved(tabs, old);
      });

      test('when the tab that holds it does not run, the others take over, and it joins them when it runs again', async () => {
        const { first, tabs, old } = await three();
        const cdp = await first.context().newCDPSession(first);
        await cdp.send('Debugger.enable');
        await cdp.send('Debugger.pause'); // before the next line that it runs
        await moved(tabs, old);
        await cdp.send('Debugger.resume');
        await sessions('ben', (list) => list.length === 3 && connections(list) === 1 && list[0].connection !== old);
      });
    }

    /** Opens three tabs; the first holds the connection, whose number is `old`. */
    async function three() {
      const first = await stage.page('ben', '/chat', { query });
      const tabs = [await stage.tab(first, 'ben', '/chat', { query }), await stage.tab(first, 'ben', '/chat', { query })];
      const [{ connection: old }] = await sessions('ben', (list) => list.length === 3 && connections(list) === 1);
      return { first, tabs, old };
    }

    /** Waits until two tabs share another connection, and one hears what the other says. */
    async function moved([second, third], old) {
      // A tab that does not run is missed by a ping without an answer and an opening without one: some 17 seconds.
      await sessions('ben', (list) => two(list.filter(({ connection }) => connection !== old)), 3 * TIMEOUT);
      await Promise.all([connected(second), connected(third)]);
      await by(second, 'chat-input').fill('after the change');
      await by(second, 'chat-send').click();
      await text(by(third, 'message-text'), 'after the change');
    }

    test('users do not share, and a page can have a connection of its own', async () => {
      const ann = await stage.page('ann', '/orders', { query });
      await stage.tab(ann, 'ben', '/orders', { query });
      await stage.tab(ann, 'ann', '/orders', { query: { share: 'off' } });
      const anns = await sessions('ann', (list) => list.length === 2);
      const bens = await sessions('ben', (list) => list.length === 1);
      assert.equal(connections([...anns, ...bens]), 3);
    });
  });
}
