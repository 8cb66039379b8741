import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

const repository = 'https://github.com/tidings-io/tidings';
const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

const pages: [string, [text: string, page: string][]][] = [
  ['Start', [
    ['What Tidings is', ''],
    ['Installing', 'installing'],
    ['Getting started', 'getting-started'],
    ['Notifications', 'notifications'],
    ['In the browser', 'browser'],
    ['Backends', 'backends'],
    ['Recipes for frameworks', 'recipes'],
    ['Troubleshooting', 'troubleshooting'],
  ]],
  ['Guide', [
    ['Topics', 'topics'],
    ['Tickets and API keys', 'authentication'],
    ['Other ways to log in', 'logins'],
    ['Operating', 'operating'],
    ['Behind a proxy', 'proxies'],
    ['Delivery', 'delivery'],
    ['Security', 'security'],
    ['OroPlatform', 'oro'],
  ]],
  ['Reference', [
    ['Configuration', 'configuration'],
    ['HTTP API', 'http-api'],
    ['Command line', 'cli'],
    ['Go', 'go'],
    ['Protocol', 'protocol'],
    ['WAMP, feature by feature', 'wamp'],
    ['Benchmarks', 'benchmarks'],
    ['Glossary', 'glossary'],
    ['Decisions', 'adr/'],
  ]],
];

// Each page of docs/ is listed once, and nothing else is.
const listed = pages.flatMap(([, items]) => items.map(([, page]) => (page === '' || page.endsWith('/') ? `${page}README.md` : `${page}.md`)));
const there = [...readdirSync(`${root}/docs`).filter(file => file.endsWith('.md')), 'adr/README.md'];
for (const page of new Set([...listed, ...there])) {
  const times = listed.filter(other => other === page).length;
  if (times !== 1 || !there.includes(page)) throw new Error(`site/.vitepress/config.ts lists docs/${page} ${times} times, and it ${there.includes(page) ? 'is' : 'is not'} there`);
}

/** Returns where a link of a page leads, if that is a file of the repository that is no page. */
function toRepository(page: string, href: string): string | null {
  if (/^[a-z]+:|^[#/]/.test(href)) return null;
  const target = posix.normalize(posix.join('docs', posix.dirname(page), href));
  return target.startsWith('docs/') && /\.(md|svg|png)(#|$)/.test(target) ? null : `${repository}/blob/main/${target}`;
}

export default defineConfig({
  title: 'Tidings',
  description: 'The real-time notification server for business web applications',
  lang: 'en',
  srcDir: '../docs',
  outDir: 'dist',
  cacheDir: '.vitepress/cache',
  base: process.env['SITE_BASE'] ?? '/',
  rewrites: { 'README.md': 'index.md', 'adr/README.md': 'adr/index.md' },
  cleanUrls: true,
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path` },
    sidebar: pages.map(([text, items]) => ({
      text,
      items: items.map(([name, page]) => ({ text: name, link: `/${page}` })),
    })),
  },
  markdown: {
    config(md) {
      md.core.ruler.push('links-to-the-repository', state => {
        const page = String(state.env['relativePath'] ?? '');
        const original = page.replace(/(^|\/)index\.md$/, '$1README.md');
        for (const token of state.tokens.flatMap(t => t.children ?? [])) {
          const href = token.type === 'link_open' ? token.attrGet('href') : null;
          const found = href === null ? null : toRepository(original, href);
          if (found !== null) token.attrSet('href', found);
        }
      });
    },
  },
  // The pages are outside of this folder, so their imports of Vue would not be found.
  vite: { resolve: { alias: { vue: `${modules}/vue` } } },
});
