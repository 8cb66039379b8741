// An application in the place of Oro's: pages that load the service in each of the ways, the ticket route, and the packages.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../harness.mjs';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.map': 'application/json' };
const CSRF = 'a token/of the page'; // it has to be encoded in a cookie

/** The settings of the application: those of every server for it. */
export const SECRET = 'ThisTokenIsNotSoSecretChangeIt';

const USERS = {
  anna: { id: 3, username: 'anna', password: '$2y$13$a.hash.of.a.password', enabled: true, organizations: [1], roles: ['ROLE_USER'] },
};

/** Makes a ticket as the application does. The user '' is the backend. */
export function ticket(user) {
  const [nonce, created] = [randomBytes(8).toString('hex'), new Date().toISOString().replace(/\.\d+Z$/, '+00:00')];
  const merged = Buffer.from(`${nonce}|${created}|${USERS[user]?.password ?? SECRET}{${SECRET}}`);
  const hash = (...parts) => createHash('sha512').update(Buffer.concat(parts)).digest();
  let digest = hash(merged);
  for (let round = 1; round < 5000; round++) digest = hash(digest, merged);
  return Buffer.from(`${digest.toString('base64')};${user};${nonce};${created}`).toString('base64');
}

/** The line of jsmodules.yml by which an application takes the service in. `server` is the address of the server. */
export const LINES = {
  'AMD, of the package': () => "orosync/js/sync/wamp$: '@tidings/oro/dist/amd/oro.js'",
  'AMD, of the server': (server) => `orosync/js/sync/wamp$: 'http://${server}/client/oro.amd.js'`,
  'a module, of the package': () => "orosync/js/sync/wamp$: '@tidings/oro'",
  'a module, of the server': (server) => `orosync/js/sync/wamp$: 'http://${server}/client/oro.js'`,
};

/** Packs the packages and installs them into a new folder. */
async function install(folder) {
  mkdirSync(folder);
  const tarballs = [];
  for (const name of ['client', 'oro']) {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: join(root, 'web/packages', name) });
    tarballs.push(`./${JSON.parse(stdout.slice(stdout.indexOf('[\n')))[0].filename}`); // the build may say something before
  }
  writeFileSync(join(folder, 'package.json'), '{"name": "application", "private": true}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder });
}

/** Answers the server's question for a user. */
async function findUser(request, response) {
  const question = JSON.parse((await request.toArray()).join(''));
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ user: USERS[question.name] ?? null }));
}

export class Site {
  tickets = 0; // that were given out
  status = 200; // of the ticket route
  #folder;
  #server;

  /** Starts the application in a folder that does not exist yet. */
  async start(folder) {
    await install(folder);
    this.#folder = folder;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
    });
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.origin = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request, response) {
    const { method, url, headers } = request;
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    if (pathname === '/sync/ticket') return this.#giveTicket(method, headers, response);
    if (pathname === '/user') return findUser(request, response);
    const send = (type, text) => response.writeHead(200, { 'Content-Type': type, 'Set-Cookie': `_csrf=${encodeURIComponent(CSRF)}` }).end(text);
    if (pathname === '/page') return send('text/html', this.#page(searchParams.get('how'), searchParams.get('server')));
    if (pathname === '/bundles/amd/orosync/js/sync.js') return send(TYPES['.js'], `define([], function () { ${this.#fixture('sync.js')} return sync; });`);
    if (pathname === '/bundles/module/orosync/js/sync.js') return send(TYPES['.js'], `${this.#fixture('sync.js')} export default sync;`);
    if (pathname.startsWith('/oro/')) return send(TYPES['.js'], this.#fixture(pathname.slice(5)));
    if (!pathname.startsWith('/node_modules/')) return response.writeHead(404).end();
    return send(TYPES[extname(pathname)] ?? 'text/plain', readFileSync(join(this.#folder, pathname)));
  }

  /** Gives a ticket to a request with the token of the cookie in the header, as Oro does. */
  #giveTicket(method, headers, response) {
    const mine = method === 'POST' && headers['x-csrf-header'] === CSRF && headers.cookie?.includes(encodeURIComponent(CSRF));
    const status = mine ? this.status : 403;
    if (status !== 200) return response.writeHead(status).end('no ticket');
    this.tickets++;
    return response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ ticket: ticket('anna') }));
  }

  #fixture(name) {
    return readFileSync(join(here, name), 'utf8');
  }

  #page(how, server) {
    const head = '<!doctype html><title>application</title><script>window.told = []; window.received = [];</script>';
    if (how === 'version 1') return `${head}<script src="/oro/v1.js"></script>`;
    const [, name, target] = /^(\S+): '(.+)'$/.exec(LINES[how](server));
    if (how.startsWith('AMD')) return `${head}<script>window.aliases = ${JSON.stringify({ [name]: target })};</script><script src="/oro/loader.js"></script>`;
    const packaged = (of, entry) => `/node_modules/${of}/${JSON.parse(readFileSync(join(this.#folder, 'node_modules', of, 'package.json'))).exports[entry].default}`;
    const imports = {
      '@tidings/client': packaged('@tidings/client', '.'),
      'orosync/js/sync': '/bundles/module/orosync/js/sync.js',
      [name.slice(0, -1)]: target.startsWith('@') ? packaged(target, '.') : target,
    };
    return `${head}<script type="importmap">${JSON.stringify({ imports })}</script><script>
      window.loadModules = (names, run) => Promise.all(names.map((one) => import(one))).then((found) => run(...found.map((one) => one.default)));
    </script>`;
  }
}
