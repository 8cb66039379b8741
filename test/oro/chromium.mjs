// Opens pages in a Chromium. It takes commands as lines of JSON, and answers each with one line; what a page reports
// is a line of its own.
//
//     {"id": 1, "do": "open", "page": "anna", "url": "http://..."}
//     {"id": 2, "do": "evaluate", "page": "anna", "code": "1 + 1"}
//     {"id": 3, "do": "reload" | "close", "page": "anna"}
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { chromium } = createRequire(new URL('../e2e/package.json', import.meta.url))('playwright-core');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
const pages = new Map();

async function open(name, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  pages.set(name, page);
  await page.exposeFunction('report', (event) => say({ page: name, event }));
  page.on('pageerror', (error) => say({ page: name, event: { kind: 'error', text: String(error) } }));
  await page.goto(url);
}

const commands = {
  open: ({ page, url }) => open(page, url),
  evaluate: ({ page, code }) => pages.get(page).evaluate(code),
  reload: ({ page }) => pages.get(page).reload(),
  close: ({ page }) => pages.get(page).context().close(),
};

say({ id: 0 });
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do](command).then(
    (value) => say({ id: command.id, value: value ?? null }),
    (error) => say({ id: command.id, error: String(error) }),
  );
}
await browser.close();
