// What a page knows about itself: whether what it shows is true, over networks and servers that fail.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { curl, start, TIMEOUT } from './harness.mjs';
import { Network } from './proxy.mjs';

const KEY = 'the-key-of-a-backend-in-a-test';

/** Serves the pages, from an origin of their own, and tickets for the user ann with sessions of some seconds. */
async function servePages(ticket) {
  const site = createServer(async (request, response) => {
    if (request.url.startsWith('/ticket/')) return response.end(await ticket(request.url.slice('/ticket/'.length)));
    return response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>page</title>');
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  return site;
}

describe('pages over networks and servers that fail', () => {
  let stage;
  let site;
  let server;
  let network;
  let origin;
  before(async () => {
    stage = await start({}, { ignoreDefaultArgs: ['--disable-back-forward-cache'] });
    site = await servePages(async (session) => {
      const { body } = await curl(server.address, '/api/v1/tickets', { key: KEY, body: { user: 'ann', session } });
      return body.ticket;
    });
    origin = `http://127.0.0.1:${site.address().port}`;
    server = await stage.serve(`
      data: data
      longpoll: true
      origins: ['${origin}']
      auth: {anonymous: {}, tickets: {secret: the-secret-of-a-test-with-32-bytes}}
      api_keys: [{name: erp, key: ${KEY}, may: [publish, sessions, tickets]}]
      topics: {'chat.{room}': {subscribe: "true", publish: "true", keep: 1000}}`);
  });
  afterEach(async () => {
    await stage.clear();
    network?.stop();
  });
  after(async () => {
    await server.stop();
    site.close();
    await stage.stop();
  });

  /** Opens a page that follows a topic through the network, and notes what it hears and how it sees itself. */
  async function open(topic, session = '') {
    network = await new Network(server.address).start();
    const context = await stage.context();
    const page = await context.newPage();
    await page.goto(origin);
    await page.evaluate(async ({ server, ws, topic, session }) => {
      const { connect } = await import(`http://${server}/client/tidings.js`);
      const { connection, got, states, gaps } = Object.assign(window, {
        connection: connect({
          url: `ws://${ws}/ws`,
          ...(session && { ticket: async () => (await fetch(`/ticket/${session}`)).text() }),
        }), got: [], states: [], gaps: [],
      });
      window.subscription = connection.subscribe(topic, ({ payload }) => got.push(payload.args[0]), { onGap: (gap) => gaps.push(gap) });
      connection.onStatus(({ state, since }) => states.push({ state, since: since.getTime(), at: Date.now() }));
    }, { server: server.address, ws: network.address, topic, session });
    await live(page);
    return page;
  }

  const live = (page) => page.waitForFunction(() => window.connection.status.state === 'live', null, { timeout: 2 * TIMEOUT });
  const has = (page, count) => page.waitForFunction((n) => window.got.length >= n, count);
  const publish = async (topic, ...numbers) => {
    for (const n of numbers) assert.equal((await curl(server.address, '/api/v1/publish', { key: KEY, body: { topic, args: [n] } })).status, 200);
  };
  const sessions = async () => {
    const answer = await fetch(`http://${server.address}/api/v1/sessions`, { headers: { Authorization: `Bearer ${KEY}` } });
    return (await answer.json()).sessions.length;
  };
  const publications = async () => {
    const metrics = await (await fetch(`http://${server.address}/metrics`)).text();
    return Number(/^tidings_publications_total (\d+)/m.exec(metrics)[1]);
  };
  const until = async (holds, what) => {
    const deadline = Date.now() + 2 * TIMEOUT;
    while (!(await holds())) if (Date.now() > deadline) throw new Error(`never: ${what}`);
  };

  test('a page over a silent network finds that within seconds, says since when it is stale, and misses nothing', async () => {
    const page = await open('chat.silent');
    await publish('chat.silent', 1, 2);
    await has(page, 2);
    network.fall();
    const fell = Date.now();
    await publish('chat.silent', 3, 4);
    await page.waitForFunction(() => window.connection.status.state === 'stale');
    await until(async () => (await sessions()) === 0, 'the server notices that the page is gone');
    network.rise();
    await live(page);
    await has(page, 4);
    await publish('chat.silent', 5);
    await has(page, 5);
    const { got, states, gaps } = await page.evaluate(() => ({ got: window.got, states: window.states, gaps: window.gaps }));
    assert.deepEqual(got, [1, 2, 3, 4, 5]);
    assert.deepEqual(gaps, []);
    const stale = states.find(({ state }) => state === 'stale');
    assert.ok(stale.since <= fell + 100, 'it is stale since the last message');
    assert.ok(stale.at - fell < 30_000, `found after ${stale.at - fell} ms`);
    assert.deepEqual([...new Set(states.map(({ state }) => state))], ['live', 'stale', 'catching up']);
  });

  test('a page has every message of before and after kill -9 of the server', async () => {
    const page = await open('chat.killed');
    await publish('chat.killed', 1, 2);
    await has(page, 2);
    const { address } = server;
    await server.stop('SIGKILL');
    await page.waitForFunction(() => window.connection.status.state === 'stale');
    await server.start(address);
    await publish('chat.killed', 3, 4);
    await page.evaluate(() => window.connection.retry());
    await live(page);
    await has(page, 4);
    assert.deepEqual(await page.evaluate(() => [window.got, window.gaps]), [[1, 2, 3, 4], []]);
  });

  test('a page that is left and comes back from the back/forward cache is live again, with what it missed', async () => {
    const page = await open('chat.back');
    const browser = await page.context().newCDPSession(page); // Playwright itself does not follow pages out of this cache
    const ask = async (expression) => (await browser.send('Runtime.evaluate', { expression, returnByValue: true })).result.value;
    await publish('chat.back', 1);
    await has(page, 1);
    await ask('addEventListener("pageshow", ({ persisted }) => (window.persisted = persisted))');
    await ask('location.href = "/other"');
    await until(async () => (await sessions()) === 0, 'the page says goodbye');
    await until(async () => (await ask('location.pathname')) === '/other', 'the other page is shown');
    await publish('chat.back', 2);
    await ask('history.back()');
    await until(async () => (await ask('window.got?.length')) === 2, 'the page has what it missed');
    assert.equal(await ask('window.persisted'), true);
    assert.deepEqual(await ask('[got, gaps, connection.status.state]'), [[1, 2], [], 'live']);
  });

  test('a page that is frozen while its network fails finds that when it is thawed', async () => {
    const page = await open('chat.frozen');
    const browser = await stage.browser.newBrowserCDPSession();
    const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
    const pages = processInfo.filter(({ type }) => type === 'renderer');
    const signal = (name) => pages.forEach(({ id }) => process.kill(id, name));
    try {
      signal('SIGSTOP');
      network.fall();
      await until(async () => (await sessions()) === 0, 'the server notices that the page is gone');
      await publish('chat.frozen', 1);
      network.rise();
    } finally {
      signal('SIGCONT');
    }
    await has(page, 1);
    await live(page);
    assert.deepEqual(await page.evaluate(() => [window.got, window.gaps]), [[1], []]);
  });

  test('a page whose network blocks WebSockets uses long-poll, finds that by itself, and misses nothing', async () => {
    const page = await open('chat.blocked');
    await publish('chat.blocked', 1);
    await has(page, 1);
    network.blockWebSockets();
    network.cut();
    await page.waitForFunction(() => window.connection.status.state === 'stale');
    await publish('chat.blocked', 2);
    await live(page);
    await publish('chat.blocked', 3);
    await has(page, 3);
    assert.deepEqual(await page.evaluate(() => [window.got, window.gaps]), [[1, 2, 3], []]);
    assert.ok(await page.evaluate(() => sessionStorage.getItem('tidings.longpoll')), 'the tab remembers it');
    await page.evaluate(() => window.connection.publish('chat.blocked', { args: [4], acknowledge: true, excludeMe: false }));
    await has(page, 4);
  });

  test('what a page publishes while its network fails is published once, in order', async () => {
    const page = await open('chat.queue', '1h');
    await page.evaluate(() => {
      window.send = (n) => window.connection.publish('chat.queue', { args: [n], acknowledge: true, excludeMe: false, timeout: 60_000 });
      window.sent = [1, 2, 3].map(window.send);
    });
    await page.waitForFunction(() => window.connection.queue.pending === 0);
    const before = await publications();
    network.loseAnswers(); // the server has the next one, and the page hears nothing of it
    await page.evaluate(() => window.sent.push(window.send(4)));
    await until(async () => (await publications()) === before + 1, 'the server has it');
    await publish('chat.queue', 5);
    network.fall();
    await page.evaluate(() => window.sent.push(window.send(6)));
    await page.waitForFunction(() => window.connection.queue.waiting === 2);
    network.rise();
    await page.evaluate(() => Promise.all(window.sent));
    await has(page, 6);
    assert.deepEqual(await page.evaluate(() => [window.got, window.gaps, window.connection.queue.pending]), [[1, 2, 3, 4, 5, 6], [], 0]);
  });

  test('a session is renewed before its end, over the same connection', async () => {
    const page = await open('chat.renewed', '8s');
    const id = await page.evaluate(() => window.connection.session.id);
    await page.evaluate(() => window.connection.onState(({ name }) => window.states.push({ state: name })));
    await page.waitForFunction(() => window.states.filter(({ state }) => state === 'open').length >= 2, null, { timeout: 2 * TIMEOUT });
    assert.equal(await page.evaluate(() => window.connection.session.id), id);
    assert.deepEqual(await page.evaluate(() => [...new Set(window.states.map(({ state }) => state))]), ['live', 'open']);
  });
});
