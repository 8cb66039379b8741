// The service for Oro's pages, taken in as an application takes it in, beside pages that still speak version 1.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { start, TIMEOUT } from './harness.mjs';
import { LINES, SECRET, Site, ticket } from './oro/site.mjs';
import { Network } from './proxy.mjs';

const KEY = 'the-key-of-a-backend-in-a-test';
const CHANNELS = ['oro/data/update', 'oro/maintenance', 'oro/ping', 'oro/email_event/3/1', 'oro/imap_sync_fail/*', 'oro/outdated_user_page'];
/** Returns a payload of oro/data/update. */
const tags = (...names) => names.map((tagname) => ({ username: null, tagname }));

describe('the service for pages of Oro', () => {
  let stage;
  let site;
  let server;
  let network;
  before(async () => {
    stage = await start();
    site = await new Site().start(join(stage.folder, 'application'));
    server = await stage.serve(configuration(', maintenance_for: 0s'));
  });
  afterEach(() => {
    network?.stop();
    network = undefined;
    site.status = 200;
    return stage.clear();
  });
  after(async () => {
    site.stop();
    await server.stop();
    await stage.stop();
  });

  const configuration = (more = '', data = '') => `
    ${data}
    api_keys: [{name: operator, key: ${KEY}, may: [sessions]}]
    oro: {secret: ${SECRET}, application_url: '${site.origin}', users: {webhook: '${site.origin}/user'}${more}}`;

  /** Opens a browser of its own: the server knows pages of version 1 by user, address and agent. */
  let browsers = 0;
  const browser = () => stage.context({ userAgent: `Browser/${++browsers}` });

  async function open(how, context) {
    const page = await (context ?? (await browser())).newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    await page.goto(`${site.origin}/page?${new URLSearchParams({ how, server: server.address })}`);
    return page;
  }

  /** Opens a page with the service, which listens to the channels. It subscribes before there is a service, as Oro's do. */
  async function moved(how, { address = server.address, channels = CHANNELS, context, ...options } = {}) {
    const page = await open(how, context);
    const [host, port] = address.split(':');
    const path = how.startsWith('AMD') ? '' : 'ws'; // the defaults of 4.2, and of later versions
    await page.evaluate(({ channels, options }) => new Promise((resolve) => {
      window.loadModules(['orosync/js/sync', 'orosync/js/sync/wamp'], (sync, Wamp) => {
        for (const channel of channels) sync.subscribe(channel, (...payload) => window.received.push([channel, ...payload]));
        window.sync = sync;
        window.service = new Wamp(options);
        window.service.on('gap', (gap) => window.told.push(['gap', gap]));
        sync(window.service);
        resolve();
      });
    }), { channels, options: { host, port, path, secure: false, syncTicketUrl: '/sync/ticket', maxRetries: 3, retryDelay: 60_000, ...options } });
    return page;
  }

  const live = (page) => page.waitForFunction(() => window.service.connection.status.state === 'live');
  const told = (page) => page.evaluate(() => window.told);
  const tells = (page, name) => page.waitForFunction((one) => window.told.some(([event]) => event === one), name);

  /** Opens a page with a client of version 1: one that has not moved, or for the user '' the backend. */
  async function version1(user, at = server.address) {
    const page = await open('version 1');
    await page.evaluate(async ({ address, ticket, channels }) => {
      window.client = new window.V1();
      await window.client.connect(`ws://${address}/ws`, ticket);
      for (const channel of channels) window.client.subscribe(channel, (payload) => window.received.push([channel, payload]));
      await window.client.settled();
    }, { address: at, ticket: ticket(user), channels: user === '' ? [] : CHANNELS });
    return page;
  }

  const publish = (backend, ...publications) => backend.evaluate(async (all) => {
    for (const [channel, payload] of all) window.client.publish(channel, payload);
    await window.client.settled();
  }, publications);

  // What the backend publishes, and what pages get if that is something else.
  const PUBLICATIONS = [
    ['oro/data/update', { 0: { username: 'anna', tagname: 'Oro_Bundle_UserBundle_Entity_User_3' }, 2: { username: null, tagname: 'x' } },
      [{ username: 'anna', tagname: 'Oro_Bundle_UserBundle_Entity_User_3' }, { username: null, tagname: 'x' }]],
    ['oro/maintenance', { isOn: true, userId: null }],
    ['oro/email_event/4/1', { hasNewEmail: true }, null], // of another user
    ['oro/email_event/3/1', { hasNewEmail: true }],
    ['oro/imap_sync_fail/*', { username: 'box', host: 'imap.test' }],
    ['oro/outdated_user_page', { role: 'ROLE_USER' }],
    ['oro/maintenance', { isOn: false, userId: 3 }],
  ];
  const EXPECTED = PUBLICATIONS.filter(([, , got]) => got !== null).map(([channel, sent, got]) => [channel, got ?? sent]);
  const sorted = (received) => received.toSorted(([one], [other]) => one.localeCompare(other)); // tags are gathered for a moment

  for (const how of Object.keys(LINES)) {
    test(`as ${how}: hears what a page of version 1 hears, one payload for each event`, async () => {
      const [page, old, backend] = [await moved(how), await version1('anna'), await version1('')];
      await live(page);
      await publish(backend, ...PUBLICATIONS);
      for (const one of [page, old]) {
        await one.waitForFunction((count) => window.received.length >= count, EXPECTED.length);
        assert.deepEqual(sorted(await one.evaluate(() => window.received)), sorted(EXPECTED));
      }
      assert.deepEqual(await told(page), [['established']]);
    });
  }

  for (const how of ['AMD, of the package', 'a module, of the package']) {
    describe(how, () => {
      test('a connection that is cut is told, and what was published meanwhile comes once, with a new ticket', async () => {
        network = await new Network(server.address).start();
        const [page, backend] = [await moved(how, { address: network.address, channels: ['oro/data/update'], keepReconnectTimeout: 0 }), await version1('')];
        await live(page);
        const tickets = site.tickets;
        await publish(backend, ['oro/data/update', tags('before')]);
        await page.waitForFunction(() => window.received.length === 1);
        network.fall();
        network.cut();
        await tells(page, 'lost');
        await publish(backend, ['oro/data/update', tags('meanwhile')]);
        network.rise();
        await page.evaluate(() => window.sync.reconnect());
        await live(page);
        await publish(backend, ['oro/data/update', tags('after')]);
        // What comes while the page subscribes again is one event with what it has missed.
        await page.waitForFunction(() => window.received.flatMap(([, list]) => list).length >= 3);
        assert.deepEqual(await page.evaluate(() => window.received.flatMap(([, list]) => list.map(({ tagname }) => tagname))), ['before', 'meanwhile', 'after']);
        const [first, lost, again, ...more] = await told(page);
        assert.deepEqual([first, lost[0], lost[1].code, again, more], [['established'], 'lost', 2, ['established'], []]);
        assert.ok(site.tickets > tickets);
      });

      test('a connection that is back soon is no event', async () => {
        network = await new Network(server.address).start();
        const page = await moved(how, { address: network.address, channels: ['oro/data/update'] });
        await live(page);
        const session = await page.evaluate(() => window.service.connection.session.id);
        network.cut();
        await page.waitForFunction((old) => window.service.connection.session && window.service.connection.session.id !== old, session);
        await live(page);
        assert.deepEqual(await told(page), [['established']]);
      });

      test('a server that was killed is told as a gap, and it tells the last maintenance to a page that returns', async () => {
        const own = await stage.serve(configuration('', `data: '${join(stage.folder, how)}'`));
        const at = own.address;
        try {
          const page = await moved(how, { address: at, channels: ['oro/data/update', 'oro/maintenance', 'oro/outdated_user_page'], share: false });
          await live(page);
          await publish(await version1('', at), ['oro/maintenance', { isOn: false, userId: null }]);
          await page.waitForFunction(() => window.received.length === 1);
          await own.stop('SIGKILL');
          await own.start(at);
          await page.waitForFunction(() => window.received.length === 2);
          assert.deepEqual(await page.evaluate(() => window.received[1]), ['oro/maintenance', { isOn: false, userId: null }]);
          await tells(page, 'gap');
          assert.deepEqual((await told(page)).filter(([name]) => name === 'gap'), [['gap', { channel: 'oro/outdated_user_page', kept: false }]]);
          await page.close();
        } finally {
          await own.stop();
        }
      });

      test('an application in maintenance gives no ticket, and the page is back after it', async () => {
        site.status = 503;
        const page = await moved(how, { keepReconnectTimeout: 0 });
        await tells(page, 'lost');
        const [[, loss]] = await told(page);
        assert.equal(loss.code, 4);
        assert.match(loss.message, /503/);
        site.status = 200;
        await tells(page, 'established');
        await live(page);
      });

      test('a channel that is left with another function is silent, and a page that comes later hears it again', async () => {
        const [page, backend] = [await moved(how, { channels: ['oro/outdated_user_page'] }), await version1('')];
        await live(page);
        await page.evaluate(() => window.sync.unsubscribe('oro/outdated_user_page', () => undefined));
        await page.evaluate(() => window.service.connection.call('tidings.ping')); // the server has handled it
        await publish(backend, ['oro/outdated_user_page', { role: 'unheard' }]);
        await page.evaluate(() => window.sync.subscribe('oro/outdated_user_page', ({ role }) => window.received.push(role)));
        await live(page);
        await publish(backend, ['oro/outdated_user_page', { role: 'heard' }]);
        await page.waitForFunction(() => window.received.length > 0);
        assert.deepEqual(await page.evaluate(() => window.received), ['heard']);
      });

      test('two tabs share one connection, and both hear', async () => {
        const context = await browser();
        const tabs = [await moved(how, { context }), await moved(how, { context })];
        await Promise.all(tabs.map(live));
        for (const deadline = Date.now() + TIMEOUT; ;) {
          const ids = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.service.connection.session?.id)));
          const answer = await fetch(`http://${server.address}/api/v1/sessions`, { headers: { Authorization: `Bearer ${KEY}` } });
          const mine = (await answer.json()).sessions.filter(({ id }) => ids.includes(id));
          if (mine.length === 2 && mine[0].connection === mine[1].connection) break;
          if (Date.now() > deadline) assert.fail(`the sessions are ${JSON.stringify(mine)}`);
        }
        await publish(await version1(''), ['oro/data/update', tags('shared')]);
        await Promise.all(tabs.map((tab) => tab.waitForFunction(() => window.received.length > 0)));
        for (const tab of tabs) assert.deepEqual(await tab.evaluate(() => window.received), [['oro/data/update', tags('shared')]]);
      });
    });
  }
});
