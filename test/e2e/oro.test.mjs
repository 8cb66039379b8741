// The service for Oro's pages, taken in as an application takes it in, beside pages that still speak version 1.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { curl, start, TIMEOUT } from './harness.mjs';
import { LINES, Site } from './oro/site.mjs';
import { Network } from './proxy.mjs';

const KEY = 'the-key-of-a-backend-in-a-test';
const CHANNELS = ['oro/data/update', 'oro/maintenance', 'oro/ping', 'oro/email_event/3/1'];

describe('the service for pages of Oro', () => {
  let stage;
  let site;
  let server;
  let network;
  before(async () => {
    stage = await start();
    site = await new Site().start(join(stage.folder, 'application'), ticket);
    server = await stage.serve(configuration());
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

  const configuration = () => `
    origins: ['${site.origin}']
    auth: {tickets: {secret: 'a secret of at least 32 bytes, for tickets'}}
    api_keys: [{name: oro, key: ${KEY}, may: [tickets, sessions]}]
    topics:
      oro/data/update: {subscribe: "true", publish: '"backend" in identity.roles', keep: 100}
      oro/maintenance: {subscribe: "true", publish: '"backend" in identity.roles'}
      oro/ping: {subscribe: "true", publish: '"backend" in identity.roles'}
      oro/email_event/3/1: {subscribe: identity.id == "3", publish: '"backend" in identity.roles'}`;

  async function ticket(user) {
    const body = user === '' ? { user: 'oro', roles: ['backend'] } : { user: '3', name: user, roles: ['user'] };
    return (await curl(server.address, '/api/v1/tickets', { key: KEY, body })).body.ticket;
  }

  async function open(how, context) {
    const page = await (context ?? (await stage.context())).newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    await page.goto(`${site.origin}/page?${new URLSearchParams({ how, server: server.address })}`);
    return page;
  }

  /** Opens a page with the service, which listens to the channels. It subscribes before there is a service, as Oro's do. */
  async function moved(how, { address = server.address, channels = CHANNELS, context, ...options } = {}) {
    const page = await open(how, context);
    const [host, port] = address.split(':');
    await page.evaluate(({ channels, options }) => new Promise((resolve) => {
      window.loadModules(['orosync/js/sync', 'orosync/js/sync/wamp'], (sync, Wamp) => {
        for (const channel of channels) sync.subscribe(channel, (...payload) => window.received.push([channel, ...payload]));
        window.sync = sync;
        window.service = new Wamp(options);
        window.service.on('gap', (gap) => window.told.push(['gap', gap]));
        sync(window.service);
        resolve();
      });
    }), { channels, options: { host, port, path: 'ws', secure: false, syncTicketUrl: '/sync/ticket', maxRetries: 3, retryDelay: 60_000, ...options } });
    return page;
  }

  const live = (page) => page.waitForFunction(() => window.service.connection.status.state === 'live');
  const told = (page) => page.evaluate(() => window.told);
  const tells = (page, name) => page.waitForFunction((one) => window.told.some(([event]) => event === one), name);

  /** Opens a page with a client of version 1: one that has not moved, or for the user '' the backend. */
  async function version1(user) {
    const page = await open('version 1');
    await page.evaluate(async ({ address, ticket, channels }) => {
      window.client = new window.V1();
      await window.client.connect(`ws://${address}/ws`, ticket);
      for (const channel of channels) window.client.subscribe(channel, (payload) => window.received.push([channel, payload]));
      await window.client.settled();
    }, { address: server.address, ticket: await ticket(user), channels: user === '' ? [] : CHANNELS });
    return page;
  }

  const publish = (backend, ...publications) => backend.evaluate(async (all) => {
    for (const [channel, payload] of all) window.client.publish(channel, payload);
    await window.client.settled();
  }, publications);

  const PUBLICATIONS = [
    ['oro/data/update', [{ username: 'anna', tagname: 'Oro_Bundle_UserBundle_Entity_User_3' }, { username: null, tagname: 'x' }]],
    ['oro/maintenance', { isOn: true, userId: null }],
    ['oro/ping', 'Connection keep alive'],
    ['oro/email_event/3/1', { hasNewEmail: true }],
    ['oro/maintenance', { isOn: false, userId: 3 }],
  ];

  for (const how of Object.keys(LINES)) {
    test(`as ${how}: hears what a page of version 1 hears, one payload for each event`, async () => {
      const [page, old, backend] = [await moved(how), await version1('anna'), await version1('')];
      await live(page);
      await publish(backend, ...PUBLICATIONS);
      for (const one of [page, old]) {
        await one.waitForFunction((count) => window.received.length >= count, PUBLICATIONS.length);
        assert.deepEqual(await one.evaluate(() => window.received), PUBLICATIONS);
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
        await publish(backend, ['oro/data/update', ['before']]);
        await page.waitForFunction(() => window.received.length === 1);
        network.fall();
        network.cut();
        await tells(page, 'lost');
        await publish(backend, ['oro/data/update', ['meanwhile']]);
        network.rise();
        await page.evaluate(() => window.sync.reconnect());
        await live(page);
        await publish(backend, ['oro/data/update', ['after']]);
        await page.waitForFunction(() => window.received.length >= 3);
        assert.deepEqual(await page.evaluate(() => window.received.map(([, [text]]) => text)), ['before', 'meanwhile', 'after']);
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

      test('a server that has forgotten what it kept is told as a gap', async () => {
        const own = await stage.serve(configuration());
        const at = own.address;
        const usual = site.ticket;
        site.ticket = async () => (await curl(at, '/api/v1/tickets', { key: KEY, body: { user: '3' } })).body.ticket;
        try {
          const page = await moved(how, { address: at, channels: ['oro/data/update'], share: false });
          await live(page);
          await own.stop('SIGKILL');
          await own.start(at);
          await tells(page, 'gap');
          assert.deepEqual((await told(page)).find(([name]) => name === 'gap'), ['gap', { channel: 'oro/data/update', kept: true }]);
          await page.close();
        } finally {
          site.ticket = usual;
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
        const [page, backend] = [await moved(how, { channels: ['oro/ping'] }), await version1('')];
        await live(page);
        await page.evaluate(() => window.sync.unsubscribe('oro/ping', () => undefined));
        await page.evaluate(() => window.service.connection.call('tidings.ping')); // the server has handled it
        await publish(backend, ['oro/ping', 'unheard']);
        await page.evaluate(() => window.sync.subscribe('oro/ping', (text) => window.received.push(text)));
        await live(page);
        await publish(backend, ['oro/ping', 'heard']);
        await page.waitForFunction(() => window.received.length > 0);
        assert.deepEqual(await page.evaluate(() => window.received), ['heard']);
      });

      test('two tabs share one connection, and both hear', async () => {
        const context = await stage.context();
        const tabs = [await moved(how, { context }), await moved(how, { context })];
        await Promise.all(tabs.map(live));
        const ids = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.service.connection.session.id)));
        const answer = await fetch(`http://${server.address}/api/v1/sessions`, { headers: { Authorization: `Bearer ${KEY}` }, signal: AbortSignal.timeout(TIMEOUT) });
        const { sessions } = await answer.json();
        const mine = sessions.filter(({ id }) => ids.includes(id));
        assert.deepEqual([mine.length, new Set(mine.map(({ connection }) => connection)).size], [2, 1]);
        await publish(await version1(''), ['oro/maintenance', { isOn: true, userId: null }]);
        await Promise.all(tabs.map((tab) => tab.waitForFunction(() => window.received.length === 1)));
      });
    });
  }
});
