// The size of what browsers load, and what a bundler leaves out.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';
import { workspace } from '../../../workspace.ts';

// Bytes with brotli, which browsers get over https, and with gzip; docs/browser.md names them.
const LIMITS = { 'tidings.js': [15 << 10, 17 << 10], 'explain.js': [3 << 10, 3 << 10], 'longpoll.js': [2 << 10, 2 << 10], 'share.js': [4 << 10, 4 << 10] };

const built = (file) => readFileSync(fileURLToPath(new URL(`../../../dist/client/${file}`, import.meta.url)));
const compressed = (code) => gzipSync(code, { level: 9 }).length;

describe('the size of the SDK', () => {
  it.each(Object.entries(LIMITS))('%s has at most %i bytes', (file, [withBrotli, withGzip]) => {
    expect(built(`${file}.br`).length).toBeLessThanOrEqual(withBrotli);
    expect(brotliDecompressSync(built(`${file}.br`))).toEqual(built(file));
    expect(compressed(built(file))).toBeLessThanOrEqual(withGzip);
  });

  it('the loader has at most 1 KB as it is, and fits into a script element', () => {
    const code = built('loader.js').toString();
    expect(code.length).toBeLessThanOrEqual(1000);
    expect(code).not.toMatch(/<\/|<!--|\b(export|import)\s*[{"']/);
  });

  it('leaves out of a bundle what a page does not import', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-size-'));
    const bundled = async (code) => {
      const entry = join(folder, 'page.js');
      writeFileSync(entry, code);
      const [{ output }] = await build({
        ...workspace, configFile: false, logLevel: 'silent', root: folder,
        build: { write: false, lib: { entry, formats: ['es'], fileName: 'page' }, rolldownOptions: { external: [/(explain|longpoll|share)\.js$/], output: { minify: true } } },
      });
      return output[0].code;
    };
    const one = await bundled("export { connect } from '@tidings/client';");
    const all = await bundled("export * from '@tidings/client';");
    expect(all).toContain('tidings.presence.enter');
    for (const other of ['tidings.presence.enter', 'tidings.content.', 'tidings.maintenance', 'tidings.once']) expect(one).not.toContain(other);
    expect(compressed(one)).toBeLessThan(compressed(all) - 1500);
    rmSync(folder, { recursive: true });
  }, 60_000);
});
