// Copies the built files into web/dist, which the server embeds, and puts their brotli forms beside them.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const from = fileURLToPath(new URL('dist', import.meta.url));
const to = fileURLToPath(new URL('../../dist/client', import.meta.url));
const SMALL = 1024; // bytes; the server sends shorter files as they are

/** Returns the brotli form. One that exists is kept if it has the same content: another Node.js makes other bytes. */
function brotli(content, existing) {
  try {
    if (existing && brotliDecompressSync(existing).equals(content)) return existing;
  } catch {
    // it is damaged: make it anew
  }
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  return brotliCompressSync(content, { params });
}

mkdirSync(to, { recursive: true });
const before = new Map(readdirSync(to).filter((name) => name.endsWith('.br')).map((name) => [name, readFileSync(join(to, name))]));
rmSync(to, { recursive: true });
mkdirSync(to);
for (const name of readdirSync(from).filter((file) => /\.(js|d\.ts)$/.test(file))) {
  const content = Buffer.from(readFileSync(join(from, name), 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
  writeFileSync(join(to, name), content);
  if (content.length > SMALL) writeFileSync(join(to, `${name}.br`), brotli(content, before.get(`${name}.br`)));
}
