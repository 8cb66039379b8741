import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { start, TIMEOUT } from './harness.mjs';

describe('a page that may not connect', () => {
  let stage;
  let site; // of another origin
  before(async () => {
    stage = await start();
    site = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<title>elsewhere</title>'));
    await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => stage.clear());
  after(() => (site.close(), site.closeAllConnections(), stage.stop()));

  const elsewhere = async () => {
    const page = await (await stage.context()).newPage();
    await page.goto(`http://localhost:${site.address().port}/`);
    return page;
  };
  // What a page learns from its handshake, and from its question.
  const ask = (page, path) => page.evaluate(async ([address, at]) => {
    const closed = await new Promise((resolve) => {
      const socket = new WebSocket(`ws://${address}${at}`, 'wamp.2.json');
      socket.onopen = () => resolve('open');
      socket.onclose = (event) => resolve(event.code);
    });
    const answer = await fetch(`http://${address}${at}`, { method: 'POST', body: '', credentials: 'omit' });
    return { closed, status: answer.status, ...(await answer.json()) };
  }, [stage.address, path]);

  test('is told why by the server, though the browser hides the answer to its handshake', async () => {
    const page = await elsewhere();
    const preflights = [];
    page.on('request', (request) => request.method() === 'OPTIONS' && preflights.push(request.url()));
    const origin = await ask(page, '/ws');
    assert.equal(origin.closed, 1006);
    assert.equal(origin.status, 403);
    assert.equal(origin.reason, 'origin');
    assert.match(origin.detail, /http:\/\/localhost:\d+/);
    assert.match(origin.type, /troubleshooting\.md#origin$/);
    assert.deepEqual(preflights, []);
  });

  test('is told the right path', async () => {
    const path = await ask(await elsewhere(), '/websocket');
    assert.deepEqual([path.closed, path.status, path.reason], [1006, 404, 'path']);
    assert.match(path.detail, /the path of WebSockets is \/ws/);
  });
});

describe('the page of the HTTP API', () => {
  let stage;
  before(async () => (stage = await start()));
  afterEach(() => stage.clear());
  after(() => stage.stop());

  test('shows every operation, does a request with a key, and asks no other server', async () => {
    const page = await (await stage.context()).newPage();
    const wrong = [];
    page.on('pageerror', (error) => wrong.push(String(error)));
    page.on('console', (line) => line.type() === 'error' && wrong.push(line.text()));
    page.on('request', (request) => /^(data:|http:\/\/127\.0\.0\.1:)/.test(request.url()) || wrong.push(request.url()));
    await page.goto(`http://${stage.address}/api/v1/docs`);
    await page.locator('.opblock').first().waitFor({ timeout: TIMEOUT });
    const document = await (await fetch(`http://${stage.address}/api/v1/openapi.json`)).json();
    const operations = Object.values(document.paths).flatMap((path) => Object.keys(path));
    assert.equal(await page.locator('.opblock').count(), operations.length);
    await page.locator('button.authorize').click();
    await page.locator('.auth-container input').fill('demo');
    await page.locator('.auth-btn-wrapper button.authorize').click();
    await page.locator('.auth-btn-wrapper .btn-done').click();
    const issue = page.locator('#operations-tickets-issue-ticket');
    await issue.locator('.opblock-summary-control').click();
    await issue.locator('.try-out__btn').click();
    await issue.locator('.execute').click();
    await issue.locator('.live-responses-table .response-col_status', { hasText: '201' }).waitFor({ timeout: TIMEOUT });
    assert.deepEqual(wrong, []);
  });
});
