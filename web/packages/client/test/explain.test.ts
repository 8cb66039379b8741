import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describe as line, explainer, print, ticketFault } from '../src/explain.js';
import { Code } from '../src/messages.js';
import type { Explanation } from '../src/trouble.js';
import { TidingsError } from '../src/trouble.js';

interface Asked { url: string; method: string; mode: string; body: unknown; type: string; credentials: string }

let asked: Asked[];
let answers: (request: Asked) => Response | Promise<Response>;

beforeEach(() => {
  asked = [];
  vi.stubGlobal('location', new URL('https://page.test/orders'));
  vi.stubGlobal('fetch', async (url: URL, init: RequestInit) => {
    const request = {
      url: String(url), method: init.method!, mode: init.mode!, body: init.body, credentials: init.credentials!,
      type: (init.headers as Record<string, string>)['Content-Type']!,
    };
    asked.push(request);
    return answers(request);
  });
});
afterEach(() => void vi.unstubAllGlobals());

const why = (again = true, address = 'wss://push.test/ws?ticket=secret'): Promise<Explanation | null> => explainer(new URL(address), new AbortController().signal)(again);
const problem = (status: number, members: object, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ status, ...members }), { status, headers: { 'Content-Type': 'application/problem+json', ...headers } });
const unreachable = (): never => {
  throw new TypeError('Failed to fetch');
};

describe('why a connection does not open', () => {
  it('is asked by a simple request to the same address, without the ticket', async () => {
    answers = () => problem(403, { reason: 'origin', detail: '' });
    await why();
    expect(asked).toEqual([{ url: 'https://push.test/ws', method: 'POST', mode: 'cors', body: '', type: 'text/plain', credentials: 'omit' }]);
  });

  it.each([
    ['an origin that is not listed', 403, { reason: 'origin', detail: 'no' }, 'origin', /refuses pages of https:\/\/page\.test: add "https:\/\/page\.test" to origins in its tidings\.yaml/, true],
    ['a wrong path', 404, { reason: 'path', detail: 'the path of WebSockets is /ws', type: 'https://docs.test/#path' }, 'path', /^the server refuses the connection to wss:\/\/push\.test\/ws: the path of WebSockets is \/ws \(https:\/\/docs\.test\/#path\)$/, true],
    ['a path of an older server', 404, { detail: 'there is nothing at /wss', type: 'about:blank' }, 'path', /: there is nothing at \/wss$/, true],
    ['another reason of the server', 400, { reason: 'subprotocol', detail: 'none is spoken here' }, 'subprotocol', /refuses the connection to wss:.*: none is spoken here$/, true],
    ['a fault of the server', 500, { reason: 'internal', detail: 'see the log' }, 'internal', /see the log/, false],
  ])('is %s', async (_name, status, members, reason, message, slow) => {
    answers = () => problem(status, members);
    const explanation = await why();
    expect(explanation).toMatchObject({ reason, status, message: expect.stringMatching(message) });
    if (slow) expect(explanation?.after).toBeGreaterThanOrEqual(60_000);
    else expect(explanation).not.toHaveProperty('after');
  });

  it.each([['the header', {}, { 'Retry-After': '30' }], ['the document', { retry_after: 30 }, {}]])('says when to come again, by %s', async (_name, members, headers) => {
    answers = () => problem(503, { reason: 'full', detail: 'the server is full', ...members }, headers as Record<string, string>);
    const { after = 0 } = (await why())!;
    expect(after).toBeGreaterThanOrEqual(30_000);
    expect(after).toBeLessThanOrEqual(37_500);
  });

  it('is a proxy if the server accepts the page and several connections did not open', async () => {
    answers = () => Response.json({ accepted: true });
    expect(await why(false)).toBeNull();
    expect(await why(true)).toMatchObject({ reason: 'no_upgrade', message: expect.stringMatching(/a proxy on the way does not pass the headers Upgrade and Connection on/) });
  });

  it.each([
    ['HTML', () => new Response('<html>', { status: 404, headers: { 'Content-Type': 'text/html; charset=utf-8' } }), 404, '(404, text/html)'],
    ['another API', () => Response.json({ error: 'no' }, { status: 401 }), 401, '(401, application/json)'],
    ['a page', () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } }), 200, '(200, text/html)'],
    ['JSON that is none', () => new Response('{', { status: 502, headers: { 'Content-Type': 'application/json' } }), 502, '(502, application/json)'],
  ])('is another program that answers with %s', async (_name, answer, status, words) => {
    answers = answer;
    expect(await why()).toMatchObject({ reason: 'not_tidings', status, message: expect.stringContaining(words) });
  });

  it('is another program if the browser hides the answer', async () => {
    answers = ({ mode }) => (mode === 'no-cors' ? Response.error() : unreachable());
    expect(await why()).toMatchObject({ reason: 'not_tidings', status: null, message: expect.stringContaining('a page may not read what') });
  });

  it('is a redirect', async () => {
    answers = () => Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' });
    expect(await why()).toMatchObject({ reason: 'redirect', message: expect.stringContaining('a WebSocket does not follow') });
  });

  it('is a server that does not answer', async () => {
    answers = unreachable;
    expect(await why()).toEqual({ reason: 'unreachable', status: null, message: 'nothing answers at wss://push.test/ws: the server does not run, its name or port is another one, or its certificate is not valid, or it redirects to such an address' });
    expect((await why(true, 'ws://127.0.0.1:1/ws'))?.message).not.toContain('certificate');
  });

  it('is the wrong scheme if the other one answers', async () => {
    answers = ({ url, mode }) => (url.startsWith('https:') && mode === 'no-cors' ? Response.error() : unreachable());
    vi.stubGlobal('location', new URL('http://page.test/'));
    expect((await why(true, 'ws://push.test:8443/ws'))?.message).toContain('but at https://push.test:8443/ws: use wss');
  });

  it('is mixed content, or a browser without a network, which needs no question', async () => {
    expect(await why(true, 'ws://push.test/ws')).toMatchObject({ reason: 'mixed_content', message: expect.stringContaining('use wss') });
    vi.stubGlobal('navigator', { onLine: false });
    expect(await why()).toMatchObject({ reason: 'offline' });
    expect(asked).toEqual([]);
    vi.unstubAllGlobals();
    answers = unreachable;
  });

  it('is the policy of the page', async () => {
    const document = new EventTarget();
    vi.stubGlobal('document', document);
    answers = () => {
      document.dispatchEvent(Object.assign(new Event('securitypolicyviolation'), { blockedURI: 'https://push.test/ws' }));
      return unreachable();
    };
    expect(await why()).toMatchObject({ reason: 'forbidden_by_page', message: expect.stringContaining('add both to connect-src') });
  });
});

describe('why there is no ticket', () => {
  it.each([
    [undefined, 'undefined instead of a text: does it return the ticket?'],
    [null, 'null instead of a text'],
    [{ ticket: 'x' }, 'object instead of a text: return its member ticket'],
    ['', 'an empty text'],
    ['  ', 'an empty text'],
    ['<!doctype html>', 'HTML: is the address right, and the user logged in?'],
    ['{"ticket":"x"}', 'JSON: return its member ticket'],
    ['two words', 'a text with spaces'],
    [new Response('', { status: 404, statusText: 'Not Found' }), 'has answered 404 Not Found'],
    [Response.json({}), 'a Response: return (await response.json()).ticket'],
  ])('is said of %j', (given, message) => {
    expect(ticketFault({ given }).message).toContain(message);
  });

  it('is the error that the callback has thrown', () => {
    const thrown = new SyntaxError('Unexpected token <');
    expect(ticketFault({ thrown })).toEqual({
      message: 'the ticket callback has thrown: Unexpected token < (its answer is not JSON: is the address right, and the user logged in?)', final: false, cause: thrown,
    });
    expect(ticketFault({ thrown: 'down' }).message).toBe('the ticket callback has thrown: down');
    expect(ticketFault({ thrown: new TypeError('e is not a function'), callback: 'eyJ' })).toEqual({
      message: 'the option ticket is a string, and must be a function that fetches a new ticket for each connection', final: false,
    });
    expect(ticketFault({ late: 30_000 }).message).toBe('the ticket callback has not answered in 30 s (ticketTimeout)');
  });
});

describe('the conversation as it is printed', () => {
  it('hides tickets', () => {
    expect(line([Code.authenticate, 'secret', {}])).toBe('[5,"(hidden)",{}]');
    expect(line([Code.call, 7, {}, 'tidings.session.renew', ['secret']])).toBe('[48,7,{},"tidings.session.renew",["(hidden)"]]');
    expect(line([Code.call, 7, {}, 'add', [1]])).toBe('[48,7,{},"add",[1]]');
  });

  it('is shortened', () => {
    expect(line([Code.event, 'x'.repeat(1000)])).toMatch(/^.{500}\.\.\. \(1007 characters\)$/);
  });

  it('warns of what goes away by itself, and shows what was thrown', () => {
    const [error, warn] = [vi.spyOn(console, 'error').mockImplementation(() => undefined), vi.spyOn(console, 'warn').mockImplementation(() => undefined)];
    print(new TidingsError('connection', { reason: 'lost', message: 'the connection was lost', status: null }));
    const cause = new Error('down');
    print(new TidingsError('ticket', { reason: 'no_ticket', message: 'no ticket', status: null, cause }));
    expect(warn.mock.calls).toEqual([['tidings: the connection was lost']]);
    expect(error.mock.calls).toEqual([['tidings: no ticket', cause]]);
    vi.restoreAllMocks();
  });
});
