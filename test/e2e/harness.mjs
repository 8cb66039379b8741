// Starts the built binary with its demo and a Chromium, and opens pages as the demo's users. A test file shares both.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '..', '..');
const run = promisify(execFile);

/** The limit of every wait, in ms. It is long, because the machine may be busy. */
export const TIMEOUT = 20_000;

export const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/**
 * Starts server and browser; `stop` of the result ends both. TIDINGS_BINARY names a binary that is built already. The
 * options are those of Playwright's browser contexts, for every page; `launch` are those of the browser.
 */
export async function start(options = {}, launch = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-e2e-'));
  const binary = process.env.TIDINGS_BINARY ?? join(folder, 'tidings');
  if (!process.env.TIDINGS_BINARY) await run('go', ['build', '-o', binary, './cmd/tidings'], { cwd: root });
  const server = new Server(binary);
  await server.start('127.0.0.1:0');
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS, ...launch });
  return new Stage({ folder, binary, server, browser, options: { viewport: { width: 1280, height: 800 }, ...options } });
}

class Stage {
  #contexts = [];

  constructor({ folder, binary, server, browser, options }) {
    Object.assign(this, { folder, binary, server, browser, options });
  }

  get address() {
    return this.server.address;
  }

  /**
   * Opens a page as a user in a new browser context; `path` is the part after the hash, and `query` of the options is
   * added to the address. `address` is another one of the server, and `users` are others than the demo has.
   */
  async page(user, path = '/orders', { query, address, users, ...options } = {}) {
    const context = await this.context(options);
    if (users) await this.#invent(context, users);
    return this.#open(await context.newPage(), user, path, query, address);
  }

  /** Answers in the place of the demo's backend, for users that it does not have. Their tickets are real. */
  async #invent(context, users) {
    await context.route('**/demo/api/users', (route) => route.fulfill({ json: users }));
    await context.route('**/demo/api/ticket?*', async (route) => {
      const user = new URL(route.request().url()).searchParams.get('user');
      await route.fulfill({ json: { ticket: await this.ticket(users.find(({ id }) => id === user)) } });
    });
  }

  async ticket({ id, name, roles = ['staff'] }) {
    return (await this.curl('/api/v1/tickets', { user: id, name, roles, tenant: 'demo' })).body.ticket;
  }

  /** Lets people enter an order, each with a connection of their own. */
  async crowd(order, people) {
    const page = await (await this.context()).newPage();
    await page.goto(`http://${this.address}/client/tidings.js`);
    const guests = await Promise.all(people.map(async (person) => ({ mode: 'view', ...person, ticket: await this.ticket(person) })));
    await page.evaluate(async ({ record, guests }) => {
      const { connect, enterPresence } = await import('/client/tidings.js');
      window.guests = guests.map(({ ticket, mode }) => {
        const connection = connect({ url: '/ws', share: false, ticket: async () => ticket });
        return enterPresence(connection, record, mode, { changed: () => undefined });
      });
    }, { record: `order.${order}`, guests });
    return page;
  }

  /** Opens a browser context, until `clear`. */
  async context(options = {}) {
    const context = await this.browser.newContext({ ...this.options, ...options });
    context.setDefaultTimeout(TIMEOUT);
    this.#contexts.push(context);
    return context;
  }

  /** Opens another tab in the page's browser context. */
  async tab(page, user, path = '/orders', { query } = {}) {
    return this.#open(await page.context().newPage(), user, path, query);
  }

  async #open(page, user, path, query = {}, address = this.address) {
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    page.on('console', (line) => line.text().includes('Content Security Policy') && page.errors.push(line.text()));
    await page.goto(`http://${address}/demo/?${new URLSearchParams({ user, ...query })}#${path}`);
    await connected(page);
    return page;
  }

  /** Runs the command line against this server and returns its output. */
  async cli(...args) {
    const env = { ...process.env, TIDINGS_SERVER: `http://${this.address}`, TIDINGS_KEY: 'demo' };
    return (await run(this.binary, args, { env })).stdout;
  }

  /** Posts to the HTTP API with curl and the demo's API key. */
  curl(path, body) {
    return curl(this.address, path, { key: 'demo', body });
  }

  /** Waits until a page watches the tag. A page is connected before it has subscribed to all topics. */
  async watched(tag) {
    const deadline = Date.now() + TIMEOUT;
    while (!(await this.cli('topics')).includes(`tidings.content.${tag} `)) {
      if (Date.now() > deadline) throw new Error(`no page watches ${tag}`);
    }
  }

  /** Starts another server with the given configuration. */
  async serve(configuration) {
    const file = join(this.folder, 'tidings.yaml');
    writeFileSync(file, configuration);
    const server = new Server(this.binary, ['serve', '--config', file]);
    await server.start('127.0.0.1:0');
    return server;
  }

  /** Closes the pages of a test, and fails if one of them had errors. */
  async clear() {
    const errors = this.#contexts.flatMap((context) => context.pages()).flatMap((page) => page.errors ?? []);
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
    if (errors.length > 0) throw new Error(`errors in pages:\n${errors.join('\n')}`);
  }

  async stop() {
    await this.browser.close();
    await this.server.stop();
    rmSync(this.folder, { recursive: true });
  }
}

class Server {
  constructor(binary, args = ['demo']) {
    Object.assign(this, { binary, args });
  }

  async start(listen) {
    this.process = spawn(this.binary, [...this.args, '--listen', listen], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.output = '';
    this.address = await new Promise((resolve, reject) => {
      const read = (text) => {
        this.output += text;
        const found = /(127\.0\.0\.1:\d+)/.exec(this.output);
        if (found) resolve(found[1]);
      };
      this.process.stdout.on('data', read);
      this.process.stderr.on('data', read);
      this.process.once('exit', () => reject(new Error(`the server ended before it printed its address:\n${this.output}`)));
    });
  }

  async stop(signal = 'SIGTERM') {
    const ended = new Promise((resolve) => this.process.once('exit', (code, killedBy) => resolve(code ?? killedBy)));
    this.process.kill(signal);
    const result = await ended;
    if (signal === 'SIGTERM' && result !== 0) throw new Error(`the demo ended with ${result}:\n${this.output}`);
  }
}

export async function curl(address, path, { key, body }) {
  const { stdout } = await run('curl', ['-s', '-w', '\n%{http_code} %{content_type}', '-X', 'POST', `http://${address}${path}`,
    '-H', `Authorization: Bearer ${key}`, '-H', 'Content-Type: application/json', '-d', JSON.stringify(body)]);
  const at = stdout.lastIndexOf('\n');
  const [status, type] = stdout.slice(at + 1).split(' ');
  return { status: Number(status), type, body: JSON.parse(stdout.slice(0, at)) };
}

/** Locates elements by data-testid. */
export const by = (page, id, more = '') => page.locator(`[data-testid="${id}"]${more}`);

export async function connected(page) {
  await by(page, 'connection', '[data-state="open"]').waitFor({ state: 'attached' });
}

/** Waits until an element has text that matches, and returns its text. */
export async function text(locator, pattern) {
  await locator.filter({ hasText: pattern }).first().waitFor();
  return locator.filter({ hasText: pattern }).first().innerText();
}

/** Writes a screenshot into out/, for review. */
export async function picture(page, name) {
  const folder = join(here, 'out');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

/** Puts a tab into the background, or back; a browser without windows has no other way. */
export async function look(page, visible) {
  await page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, visible ? 'visible' : 'hidden');
}

/** Opens order `id` and types a note. */
export async function edit(page, id, note) {
  await page.evaluate((hash) => (location.hash = hash), `#/orders/${id}`);
  await by(page, 'field-note').fill(note);
}

export async function save(page) {
  await by(page, 'order-save').click();
  await text(by(page, 'form-status'), 'Saved');
}
