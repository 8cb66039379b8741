// The real binary with its demo, a real Chromium, and pages of made-up users. One of each serves a whole test file.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const run = promisify(execFile);

/** How long a page may take for anything; generous, because machines are shared. It bounds, it does not measure. */
export const PATIENCE = 20_000;

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/** Starts everything; `stop` ends it. TIDINGS_BINARY names a binary that is built already. */
export async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-e2e-'));
  const binary = process.env.TIDINGS_BINARY ?? join(folder, 'tidings');
  if (!process.env.TIDINGS_BINARY) await run('go', ['build', '-o', binary, './cmd/tidings'], { cwd: root });
  const server = new Server(binary);
  await server.start('127.0.0.1:0');
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  return new Stage({ folder, binary, server, browser });
}

class Stage {
  #contexts = [];

  constructor({ folder, binary, server, browser }) {
    Object.assign(this, { folder, binary, server, browser });
  }

  get address() {
    return this.server.address;
  }

  /** A new window, as one of the made-up users; `path` is the part behind the hash. */
  async page(user, path = '/orders', options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    this.#contexts.push(context);
    return this.#open(await context.newPage(), user, path);
  }

  /** Another tab of the same browser profile. */
  async tab(page, user, path = '/orders') {
    return this.#open(await page.context().newPage(), user, path);
  }

  async #open(page, user, path) {
    page.faults = [];
    page.on('pageerror', (error) => page.faults.push(String(error)));
    page.on('console', (line) => line.text().includes('Content Security Policy') && page.faults.push(line.text()));
    await page.goto(`http://${this.address}/demo/?user=${user}#${path}`);
    await connected(page);
    return page;
  }

  /** The real command line, against the server of this stage. */
  async cli(...args) {
    const env = { ...process.env, TIDINGS_SERVER: `http://${this.address}`, TIDINGS_KEY: 'demo' };
    return (await run(this.binary, args, { env })).stdout;
  }

  /** The real curl, with the demo's API key. */
  curl(path, body) {
    return curl(this.address, path, { key: 'demo', body });
  }

  /** Waits until some page watches the tag: a page is connected before all of its topics are subscribed. */
  async watched(tag) {
    const deadline = Date.now() + PATIENCE;
    while (!(await this.cli('topics')).includes(`tidings.content.${tag} `)) {
      if (Date.now() > deadline) throw new Error(`no page watches ${tag}`);
    }
  }

  /** Another server, with a configuration of its own. */
  async serve(configuration) {
    const file = join(this.folder, 'tidings.yaml');
    writeFileSync(file, configuration);
    const server = new Server(this.binary, ['serve', '--config', file]);
    await server.start('127.0.0.1:0');
    return server;
  }

  /** Closes the windows of a test, and says what went wrong in them. */
  async clear() {
    const faults = this.#contexts.flatMap((context) => context.pages()).flatMap((page) => page.faults ?? []);
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
    if (faults.length > 0) throw new Error(`errors in pages:\n${faults.join('\n')}`);
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
    this.said = '';
    this.address = await new Promise((resolve, reject) => {
      const hear = (text) => {
        this.said += text;
        const found = /(127\.0\.0\.1:\d+)/.exec(this.said);
        if (found) resolve(found[1]);
      };
      this.process.stdout.on('data', hear);
      this.process.stderr.on('data', hear);
      this.process.once('exit', () => reject(new Error(`the server ended before it said where it listens:\n${this.said}`)));
    });
  }

  async stop(signal = 'SIGTERM') {
    const ended = new Promise((resolve) => this.process.once('exit', (code, by) => resolve(code ?? by)));
    this.process.kill(signal);
    const result = await ended;
    if (signal === 'SIGTERM' && result !== 0) throw new Error(`the demo ended with ${result}:\n${this.said}`);
  }
}

export async function curl(address, path, { key, body }) {
  const { stdout } = await run('curl', ['-s', '-w', '\n%{http_code} %{content_type}', '-X', 'POST', `http://${address}${path}`,
    '-H', `Authorization: Bearer ${key}`, '-H', 'Content-Type: application/json', '-d', JSON.stringify(body)]);
  const at = stdout.lastIndexOf('\n');
  const [status, type] = stdout.slice(at + 1).split(' ');
  return { status: Number(status), type, body: JSON.parse(stdout.slice(0, at)) };
}

/** By data-testid. */
export const by = (page, id, more = '') => page.locator(`[data-testid="${id}"]${more}`);

export async function connected(page) {
  await by(page, 'connection', '[data-state="open"]').waitFor({ state: 'attached' });
}

/** Waits until the text of an element fits, and gives it. */
export async function text(locator, pattern) {
  await locator.filter({ hasText: pattern }).first().waitFor();
  return locator.filter({ hasText: pattern }).first().innerText();
}

/** A picture in out/, to be looked at. */
export async function picture(page, name) {
  const folder = join(here, 'out');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

/** Saves order `id` with a new note, by typing into the page. */
export async function edit(page, id, note) {
  await page.evaluate((hash) => (location.hash = hash), `#/orders/${id}`);
  await by(page, 'field-note').fill(note);
}

export async function save(page) {
  await by(page, 'order-save').click();
  await text(by(page, 'form-status'), 'Saved');
}
