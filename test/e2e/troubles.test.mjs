// What a page is told, in its state, by onError and in the console, of everything that goes wrong.
import assert from 'node:assert/strict';
import { createServer, request as ask } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, start, TIMEOUT } from './harness.mjs';

const KEY = 'the-key-of-a-backend-in-a-test';
const LOADER = readFileSync(join(root, 'web/dist/client/loader.js'), 'utf8');

async function listen(handle) {
  const site = createServer(handle);
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  site.address_ = `127.0.0.1:${site.address().port}`;
  return site;
}

/** A proxy that does not pass Upgrade on, as many do until they are told. */
function withoutUpgrade(server) {
  return listen((incoming, outgoing) => {
    const { upgrade, connection, ...headers } = incoming.headers;
    const passed = ask({ host: '127.0.0.1', port: server.address.split(':')[1], path: incoming.url, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
}

describe('a page is told', () => {
  let stage;
  let site; // the application: another origin than the server's
  let server;
  let html = '';
  let headers = {};
  before(async () => {
    stage = await start();
    site = await listen(({ url }, response) => {
      if (url.startsWith('/page')) return response.writeHead(200, { 'Content-Type': 'text/html', ...headers }).end(html || '<!doctype html><title>page</title>');
      if (url === '/moved') return response.writeHead(301, { Location: '/ws' }).end();
      return response.writeHead(404, { 'Content-Type': 'text/html' }).end('<!doctype html><title>not here</title>');
    });
    server = await stage.serve(configuration(`origins: ['http://${site.address_}']`));
  });
  afterEach(() => {
    [html, headers] = ['', {}];
    return stage.clear();
  });
  after(async () => {
    await server.stop();
    site.close();
    site.closeAllConnections();
    await stage.stop();
  });

  function configuration(more = '') {
    return `
      auth: {anonymous: {}, tickets: {secret: the-secret-of-a-test-with-32-bytes}}
      api_keys: [{name: erp, key: ${KEY}, may: [publish, sessions, tickets, content]}]
      content: {'order.{id:int}': {watch: 'params.id != "200"'}}
      presence: {'order.{id:int}': {enter: 'params.id != "200"', see: "true"}}
      topics: {'chat.{room}': {subscribe: 'params.room != "secret"', publish: "true", keep: 100}}
      ${more}`;
  }

  async function blank() {
    const page = await (await stage.context()).newPage();
    page.lines = [];
    page.sockets = 0;
    page.on('console', (line) => line.text().startsWith('tidings:') && page.lines.push(`${line.type()}: ${line.text()}`));
    page.on('websocket', () => page.sockets++);
    page.on('pageerror', (error) => page.lines.push(`thrown: ${error}`));
    return page;
  }

  /** Opens a page and connects. `options` are those of connect; a ticket is the text of a function. */
  async function open(options, path = '/page') {
    const page = await blank();
    await page.goto(`http://${site.address_}${path}`);
    await page.evaluate(async ([sdk, { ticket, ...rest }]) => {
      const module = await import(sdk);
      window.errors = [];
      const note = ({ kind, reason, uri, status, message }) => window.errors.push({ kind, reason, uri, status, message });
      window.sdk = module;
      window.connection = module.connect({ share: false, onError: note, ...(ticket && { ticket: eval(ticket) }), ...rest });
    }, [`http://${server.address}/client/tidings.js`, options]);
    return page;
  }

  const waits = (page, reason) => page.waitForFunction((wanted) => window.connection.state.reason === wanted, reason, { timeout: 2 * TIMEOUT });
  const state = (page) => page.evaluate(() => ({ ...window.connection.state, in: window.connection.state.retryAt - Date.now() }));
  const connected = (page) => page.waitForFunction(() => window.connection.state.name === 'open', null, { timeout: 2 * TIMEOUT });

  async function until(holds, what) {
    for (const deadline = Date.now() + 2 * TIMEOUT; !(await holds()); await new Promise(setImmediate)) { // lets the browser's events in
      if (Date.now() > deadline) throw new Error(`never: ${what()}`);
    }
  }
  const printed = (page, count) => until(() => page.lines.length >= count, () => `${count} lines, but: ${page.lines.join('\n')}`);

  test('that its origin is not listed, once, and tries once a minute', async () => {
    const other = await stage.serve(configuration());
    const page = await open({ url: `ws://${other.address}/ws` });
    await waits(page, 'origin');
    await printed(page, 1);
    const seen = await state(page);
    assert.equal(seen.status, 403);
    assert.ok(seen.in > 55_000, `tries again in ${seen.in} ms`);
    assert.match(page.lines[0], new RegExp(`^error: tidings: the server at ws://${other.address}/ws refuses pages of http://${site.address_}: add "http://${site.address_}" to origins in its tidings\\.yaml`));
    assert.deepEqual(await page.evaluate(() => window.errors.map(({ kind, reason, status }) => [kind, reason, status])), [['connection', 'origin', 403]]);
    const sockets = page.sockets;
    await page.evaluate(() => window.connection.retry());
    await until(() => page.sockets > sockets, () => 'it tries again when it is told to');
    await waits(page, 'origin');
    assert.equal(page.lines.length, 1, page.lines.join('\n'));
    await page.close();
    await other.stop();
  });

  test('that the path is wrong', async () => {
    const page = await open({ url: `ws://${server.address}/wss` });
    await waits(page, 'path');
    await printed(page, 1);
    assert.match(page.lines[0], /there is no WebSocket at \/wss: the path of WebSockets is \/ws/);
    const { status, in: later } = await state(page);
    assert.equal(status, 404);
    assert.ok(later > 55_000);
  });

  test('that a proxy does not pass WebSockets on', async () => {
    const proxy = await withoutUpgrade(server);
    const page = await open({ url: `ws://${proxy.address_}/ws` });
    await waits(page, 'no_upgrade');
    await printed(page, 1);
    assert.match(page.lines.at(-1), /the server accepts this page, but .* does not open: a proxy on the way does not pass the headers Upgrade and Connection on/);
    await page.close();
    proxy.close();
  });

  test('that the server is full, and comes back when there is room', async () => {
    const full = await stage.serve(configuration(`origins: ['http://${site.address_}']
      limits: {connections: 1}`));
    const first = await open({ url: `ws://${full.address}/ws` });
    await connected(first);
    const second = await open({ url: `ws://${full.address}/ws` });
    await waits(second, 'full');
    const { status, in: later } = await state(second);
    assert.equal(status, 503);
    assert.ok(later > 20_000 && later < 40_000, `tries again in ${later} ms, as the server says`);
    await printed(second, 1);
    assert.match(second.lines[0], /the server has all the connections that it may have/);
    await first.close();
    await second.evaluate(() => window.connection.retry());
    await connected(second);
    await second.close();
    await full.stop();
  });

  test('that something else answers, or nothing', async () => {
    const page = await open({ url: `ws://${site.address_}/ws` });
    await waits(page, 'not_tidings');
    assert.equal((await state(page)).status, 404);
    await printed(page, 1);
    assert.match(page.lines[0], /answered by something that is not Tidings \(404, text\/html\)/);
    const hidden = await listen((_, response) => response.writeHead(502).end('bad gateway'));
    const other = await open({ url: `ws://${hidden.address_}/ws` });
    await waits(other, 'not_tidings');
    assert.equal((await state(other)).status, null);
    await printed(other, 1);
    assert.match(other.lines[0], /a page may not read what/);
    await other.close();
    hidden.close();
    hidden.closeAllConnections();
    const gone = await open({ url: `ws://${hidden.address_}/ws` });
    await waits(gone, 'unreachable');
    await printed(gone, 1);
    assert.match(gone.lines[0], /nothing answers at ws:.*: the server does not run/);
  });

  test('that the address redirects', async () => {
    const page = await open({ url: `ws://${site.address_}/moved` });
    await waits(page, 'redirect');
    await printed(page, 1);
    assert.match(page.lines[0], /answers with a redirect, which a WebSocket does not follow/);
  });

  test('that its own policy forbids the address', async () => {
    headers = { 'Content-Security-Policy': `connect-src 'self'` };
    const page = await open({ url: `ws://${server.address}/ws` });
    page.errors = []; // the policy is the mistake of this test
    await waits(page, 'forbidden_by_page');
    await printed(page, 1);
    assert.match(page.lines.at(-1), /the Content-Security-Policy of the page does not allow .*: add both to connect-src/);
  });

  for (const [mistake, ticket, words] of [
    ['throws', `() => { throw new Error('no session') }`, /has thrown: no session/],
    ['asks an address that is not there', `async () => (await (await fetch('/nothing')).json()).ticket`, /is not JSON: is the address right/],
    ['gives an answer of 404', `() => fetch('/nothing')`, /has answered 404/],
    ['gives HTML', `async () => (await fetch('/page')).text()`, /has given HTML/],
    ['gives undefined', `async () => undefined`, /undefined instead of a text/],
    ['gives an empty text', `async () => ''`, /an empty text/],
    ['asks a backend that is down', `async () => (await fetch('http://127.0.0.1:1/')).text()`, /has thrown: Failed to fetch/],
    ['never answers', `() => new Promise(() => undefined)`, /has not answered in 1 s \(ticketTimeout\)/],
  ]) {
    test(`that its ticket callback ${mistake}`, async () => {
      const page = await open({ url: `ws://${server.address}/ws`, ticket, ticketTimeout: 1000 });
      await waits(page, 'no_ticket');
      await printed(page, 1);
      assert.match((await state(page)).message, words);
      assert.match(page.lines[0], words);
      await page.waitForFunction(() => window.errors.length >= 2); // it has tried again
      assert.equal(page.lines.length, 1, page.lines.join('\n'));
      assert.ok(await page.evaluate(() => window.errors.every(({ kind, reason }) => kind === 'ticket' && reason === 'no_ticket')));
    });
  }

  test('that its ticket is wrong', async () => {
    const page = await open({ url: `ws://${server.address}/ws`, ticket: `async () => 'e30.e30.e30'` });
    await page.waitForFunction(() => window.connection.state.name === 'refused', null, { timeout: 2 * TIMEOUT });
    await printed(page, 2);
    assert.match(page.lines[0], /the server refuses the session: /);
    assert.match(page.lines[1], /not connected: /);
  });

  test('that a subscription, a watch and a presence are refused, and ready says which', async () => {
    const page = await open({ url: `ws://${server.address}/ws` });
    const ready = await page.evaluate(() => new Promise((resolve) => {
      window.connection.subscribe('chat.secret', () => undefined);
      window.sdk.enterPresence(window.connection, 'order.200', 'view', { changed: () => undefined });
      window.sdk.watchContent(window.connection, ['order.1', 'order.200'], { changed: () => undefined, ready: resolve });
    }));
    assert.deepEqual(ready.refused.map(({ tag, failure }) => [tag, failure.uri]), [['order.200', 'wamp.error.not_authorized']]);
    await page.waitForFunction(() => window.errors.length >= 3);
    await printed(page, 3);
    const all = page.lines.join('\n');
    for (const what of ['subscription of chat.secret', 'subscription of tidings.content.order.200', 'presence of order.200']) assert.ok(all.includes(`error: tidings: ${what} refused: `), all);
    assert.deepEqual(await page.evaluate(() => window.errors.map(({ kind, uri }) => `${kind} ${uri}`).sort()), [
      'presence order.200', 'subscription chat.secret', 'subscription tidings.content.order.200',
    ]);
  });

  test('what it and the server say to each other, if it asks, and never a ticket', async () => {
    const page = await open({ url: `ws://${server.address}/ws`, debug: true, ticket: `async () => 'e30.e30.e30'` });
    await page.waitForFunction(() => window.connection.state.name === 'refused', null, { timeout: 2 * TIMEOUT });
    await until(() => page.lines.some((line) => line.includes('tidings: refused')), () => page.lines.join('\n'));
    const all = page.lines.join('\n');
    assert.match(all, /-> \[1,"app",[^]*<- \[4,"ticket"[^]*-> \[5,"\(hidden\)"[^]*<- \[3,/);
    assert.doesNotMatch(all, /e30/);
  });

  test('nothing in the console if it is quiet, and everything by onError', async () => {
    const page = await open({ url: `ws://${server.address}/wss`, quiet: true });
    await waits(page, 'path');
    await page.waitForFunction(() => window.errors.length === 1);
    assert.deepEqual(page.lines, []);
  });

  describe('by the loader', () => {
    const form = '<form><input name="note"></form>';

    /** Publishes until the page has an event: its subscription comes some time after the page. */
    async function hears(page, { address } = server) {
      await until(async () => {
        const answer = await fetch(`http://${address}/api/v1/publish`, {
          method: 'POST', headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' }, body: '{"topic": "chat.loaded", "args": ["hello"]}',
        });
        assert.equal(answer.status, 200);
        return page.evaluate(() => window.got.length > 0);
      }, () => `the page hears something, but: ${page.lines.join('\n')}`);
    }

    const use = (url) => `
      window.got = [];
      window.connection = Tidings.connect({ url: '${url}', share: false });
      const first = window.connection.subscribe('chat.first', () => undefined);
      window.subscription = window.connection.subscribe('chat.loaded', ({ payload }) => got.push(payload.args[0]));
      first.release();
      Tidings.watchContent(window.connection, ['order.1'], { changed: () => undefined, ready: () => (window.ready = true) });
      window.connection.call('tidings.ping').then(() => (window.called = true));
      window.ran = true;`;

    test('when the server is down, that its form works; and it connects when the server is there', async () => {
      const down = await stage.serve(configuration(`origins: ['http://${site.address_}']`));
      const { address } = down;
      await down.stop();
      html = `<!doctype html><title>page</title>${form}
        <script data-tidings="http://${address}/client/tidings.js">${LOADER}</script><script>${use(`ws://${address}/ws`)}</script>`;
      const page = await blank();
      await page.goto(`http://${site.address_}/page`);
      assert.equal(await page.evaluate(() => window.ran), true);
      await page.locator('input').fill('typed while the server is down');
      await printed(page, 1);
      assert.match(page.lines[0], /^warning: tidings: the SDK cannot be loaded, and is tried again/);
      await down.start(address);
      await hears(page, down);
      await page.waitForFunction(() => window.ready === true);
      assert.equal(await page.locator('input').inputValue(), 'typed while the server is down');
      assert.equal(page.lines.length, 1, page.lines.join('\n'));
      assert.equal(await page.evaluate(async () => (await window.subscription).uri), 'chat.loaded');
      assert.equal(await page.evaluate(() => window.connection.state.name), 'open'); // what is known needs no waiting
      assert.equal(await page.evaluate(async () => typeof (await Tidings).connect), 'function');
      assert.equal(await page.evaluate(() => new Tidings.TicketRefused('log in') instanceof Error), true);
      await page.close();
      await down.stop();
    });

    test('from the server itself, before and after it is loaded', async () => {
      const address = server.address;
      html = `<!doctype html><title>page</title><script async src="http://${address}/client/loader.js"></script>
        <script>(window.Tidings ||= []).push((Tidings) => { ${use(`ws://${address}/ws`)} });</script>`;
      const page = await blank();
      await page.goto(`http://${site.address_}/page`);
      await page.waitForFunction(() => window.ran === true);
      await hears(page);
      await page.waitForFunction(() => window.called === true);
      await page.evaluate(() => Tidings.push(() => (window.later = true)));
      assert.equal(await page.evaluate(() => window.later), true);
      await page.evaluate(() => Tidings.push(() => { throw new Error('in the page'); }));
      assert.deepEqual(page.lines.filter((line) => line.startsWith('thrown')), []);
    });
  });

  test('the same under the address of a version, and under one that is no more', async () => {
    const answer = await fetch(`http://${server.address}/client/tidings.js`);
    const page = await blank();
    await page.goto(`http://${site.address_}/page`);
    for (const path of [answer.headers.get('Content-Location'), '0.0.9-0123456789ab/tidings.js']) {
      const shared = await page.evaluate(async ([sdk, url]) => {
        const { connect } = await import(sdk);
        const connection = connect({ url });
        await new Promise((resolve) => connection.onState(({ name }) => name === 'open' && resolve()));
        connection.close();
        return true;
      }, [`http://${server.address}/client/${path}`, `ws://${server.address}/ws`]);
      assert.ok(shared, path);
    }
  });
});
