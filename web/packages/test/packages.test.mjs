// Packs the npm packages, installs the tarballs into a fresh folder, and type-checks, bundles and imports them there.
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { parse } from 'acorn';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../client/package.json' with { type: 'json' };
import { check, install } from './installed.mjs';

const run = promisify(execFile);

const pages = {
  client: `
import { connect, type Connection, type Event, type TopicEvent, watchContent, Failed } from '@tidings/client';

const connection: Connection = connect({ url: '/ws', ticket: async () => 'secret' });
const show = (event: TopicEvent): void => console.log(event.uri, event.payload.args, event.publication);
const handle = connection.subscribe('order.42', show, { onActive: () => undefined });
const old = (event: Event): void => show(event);
watchContent(connection, ['order.42'], { changed: ({ author, fields }) => console.log(author?.name, fields) });
connection.call('stock.count').catch((error) => error instanceof Failed && error.failure.uri);
// @ts-expect-error: a topic is a string
connection.subscribe(42, old);
handle.release();
`,
  react: `
import { connect } from '@tidings/client';
import { TidingsProvider, useCall, useConnectionState, usePresence, useStatus, useTopic } from '@tidings/react';
import type { ReactNode } from 'react';

function Order({ id }: { id: number }): ReactNode {
  const { events, last, status } = useTopic(\`order.\${id}\`, { history: 10, onGap: ({ kept }) => console.log(kept) });
  const { people } = usePresence(\`order.\${id}\`, 'edit');
  const { run, pending, failure } = useCall('order.total');
  const { state, since } = useStatus();
  const name: string = useConnectionState().name;
  return <button onClick={() => void run({ args: [id] })} disabled={pending} title={failure?.message}>
    {events.length} {last?.uri} {status?.state} {people.map((person) => person.name)} {state} {since.getTime()} {name}
  </button>;
}
export const app = <TidingsProvider connection={connect({ url: '/ws' })}><Order id={42} /></TidingsProvider>;
// @ts-expect-error: a topic is a string
useTopic(42);
`,
  vue: `
import { connect } from '@tidings/client';
import { tidings, useCall, useConnectionState, usePresence, useStatus, useTopic } from '@tidings/vue';
import { computed, createApp, defineComponent, h, ref } from 'vue';

const Order = defineComponent((props: { id: number }) => {
  const topic = computed(() => \`order.\${props.id}\`);
  const { events, last, status } = useTopic(topic, { history: 10, onGap: ({ kept }) => console.log(kept) });
  const { people } = usePresence(() => topic.value, ref<'view' | 'edit'>('edit'));
  const { run, pending, failure } = useCall('order.total');
  const shown = useStatus();
  const name = computed((): string => useConnectionState().value.name);
  return () => h('button', { onClick: () => run({ args: [props.id] }), disabled: pending.value, title: failure.value?.message }, [
    events.value.length, last.value?.uri, status.value?.state, people.value.map((person) => person.name), shown.value.since.getTime(), name.value,
  ].join());
});
createApp(Order).use(tidings(connect({ url: '/ws' }))).mount('#app');
// @ts-expect-error: a topic is a string
useTopic(42);
`,
};

pages.oro = `
import { connect } from '@tidings/client';
import Wamp, { type ChannelGap, type Loss, type Options } from '@tidings/oro';

const options: Options = { host: '*', port: 8080, path: 'ws', secure: true, syncTicketUrl: '/sync/ticket', maxRetries: 3, retryDelay: 30000 };
const service = new Wamp(options);
service.on('connection_lost', ({ code, delay }: Loss) => console.log(code + delay)).once('gap', ({ channel }: ChannelGap) => console.log(channel));
const show = (tags: { username: string | null; tagname: string }[]): void => console.log(tags.length);
service.subscribe('oro/data/update', show);
service.unsubscribe('oro/data/update', show);
service.unsubscribe('oro/ping');
const { connection }: { connection: ReturnType<typeof connect> } = service;
connection.call('stock.count').catch(() => service.connect());
// @ts-expect-error: the host is required
new Wamp({ port: 8080 });
`;

/** Returns what an application with one file is bundled to. */
async function bundle(folder, name, source) {
  const file = join(folder, `${name}.js`);
  writeFileSync(file, source);
  const build = await rolldown({ input: file, cwd: folder, treeshake: true });
  const { output } = await build.generate({ format: 'es' });
  await build.close();
  return output.map(({ code }) => code).join('\n');
}

describe('the npm packages', () => {
  let folder;
  let files;
  beforeAll(async () => {
    const linked = ['react', '@types/react', 'csstype', 'vue', '@vue'];
    ({ folder, files } = await install(['client', 'react', 'vue', 'oro'], linked));
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['client', 'tidings', ['explain', 'longpoll', 'share', 'tidings-worker', 'tidings'], ['loader']], ['react', 'react', ['react'], []], ['vue', 'vue', ['vue'], []],
  ])('%s has its modules with source maps, one file of types, a README and the license', (name, types, modules, scripts) => {
    const built = [`${types}.d.ts`, ...scripts.map((file) => `${file}.js`), ...modules.flatMap((file) => [`${file}.js`, `${file}.js.map`])];
    expect(files[name]).toEqual(['LICENSE', 'README.md', ...built.map((file) => `dist/${file}`), 'package.json'].sort());
    for (const module of modules) {
      const folder_ = join(folder, 'node_modules/@tidings', name, 'dist');
      expect(readFileSync(join(folder_, `${module}.js`), 'utf8')).toMatch(new RegExp(`//# sourceMappingURL=${module}\\.js\\.map\\s*$`));
      expect(JSON.parse(readFileSync(join(folder_, `${module}.js.map`), 'utf8')).sourcesContent.length).toBeGreaterThan(0);
    }
  });

  it.each([
    ['client', 'nodenext', {}], ['client', 'bundler', {}],
    ['react', 'nodenext', { jsx: 'react-jsx' }], ['react', 'bundler', { jsx: 'react-jsx' }],
    ['vue', 'nodenext', { skipLibCheck: true }], ['vue', 'bundler', { skipLibCheck: true }], // those of Vue itself need more libraries
    ['oro', 'nodenext', {}], ['oro', 'bundler', {}],
  ])('%s has types that check a page, resolved as %s', async (name, moduleResolution, options) => {
    const module = moduleResolution === 'bundler' ? 'ESNext' : 'NodeNext';
    expect(await check(folder, pages[name], { module, moduleResolution, ...options })).toBe('');
  }, 60_000);

  it.each([['tidings', 16 << 10], ['explain', 3 << 10], ['share', 3400], ['tidings-worker', 1400]])('has %s.js in at most %i bytes, gzipped', (name, most) => {
    const file = readFileSync(join(folder, 'node_modules/@tidings/client/dist', `${name}.js`));
    expect(gzipSync(file, { level: 9 }).length).toBeLessThanOrEqual(most);
  });

  it('gives a bundle only what is used', async () => {
    const [all, connects, waits] = await Promise.all([
      bundle(folder, 'all', "export * from '@tidings/client';"),
      bundle(folder, 'connect', "export { connect } from '@tidings/client';"),
      bundle(folder, 'backoff', "export { backoff } from '@tidings/client';"),
    ]);
    expect(all).toContain('tidings.presence.enter');
    expect(connects).not.toMatch(/tidings\.(presence\.enter|maintenance|content\.)/);
    expect(connects).toContain('tidings.channels.wamp.2.json'); // of the file that is loaded on demand
    expect(connects.length).toBeLessThan(all.length - 3000);
    expect(waits.length).toBeLessThan(all.length / 10);
  }, 60_000);

  it('oro has a module, an AMD file that older bundlers can read, their source maps, types, a README and the license', () => {
    const types = ['channels', 'events', 'oro', 'outage', 'tickets'].map((name) => `dist/${name}.d.ts`);
    const built = ['dist/amd/oro.js', 'dist/amd/oro.js.map', 'dist/amd/package.json', 'dist/oro.js', 'dist/oro.js.map', ...types];
    expect(files.oro).toEqual(['LICENSE', 'README.md', ...built, 'package.json'].sort());
    const amd = readFileSync(join(folder, 'node_modules/@tidings/oro/dist/amd/oro.js'), 'utf8');
    expect(() => parse(amd, { ecmaVersion: 2018, sourceType: 'script' })).not.toThrow();
    expect(gzipSync(amd, { level: 9 }).length).toBeLessThanOrEqual(26 << 10);
  });

  it('oro is a constructor to a page that loads it in any way', async () => {
    const works = (Wamp) => `
      const service = new ${Wamp}({ host: 'ws.test', quiet: true });
      service.on('lost', (text) => console.log(text)).trigger('lost', [typeof service.subscribe, typeof service.connect].join());`;
    const loads = {
      module: [['--input-type=module'], `import Wamp from '@tidings/oro';${works('Wamp')}`],
      commonJS: [['--input-type=commonjs'], works("(require('@tidings/oro/dist/amd/oro.js'))")],
      AMD: [['--input-type=commonjs'], `
        const text = require('fs').readFileSync(require.resolve('@tidings/oro/dist/amd/oro.js'), 'utf8');
        const define = Object.assign((needs, factory) => { if (needs.length === 0) globalThis.Wamp = factory(); }, { amd: {} });
        new Function('define', 'exports', 'module', text)(define);${works('Wamp')}`],
    };
    for (const [options, script] of Object.values(loads)) {
      const child = `globalThis.WebSocket = class {};${script} process.exit();`;
      const { stdout } = await run(process.execPath, [...options, '-e', script.startsWith('import') ? `${script} process.exit();` : child], { cwd: folder });
      expect(stdout).toBe('function,function\n');
    }
  }, 60_000);

  it('client needs no other package, and has its version', async () => {
    const script = "import * as sdk from '@tidings/client'; console.log(Object.keys(sdk).includes('connect'))";
    expect((await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })).stdout).toBe('true\n');
    const sdk = readFileSync(join(folder, 'node_modules/@tidings/client/dist/tidings.js'), 'utf8');
    expect(sdk).toContain(`tidings-js/${manifest.version}`);
    expect(manifest.dependencies).toBeUndefined();
  });
});
