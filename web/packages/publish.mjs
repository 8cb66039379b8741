// Puts built files into web/dist/client, which the server embeds, and their brotli forms beside them.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const folder = fileURLToPath(new URL('../dist/client', import.meta.url));
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

/** Replaces the package's files, of which `own` knows the names, by these: texts by their names. */
export function publish(texts, own) {
  mkdirSync(folder, { recursive: true });
  const before = new Map();
  for (const name of readdirSync(folder).filter(own)) {
    before.set(name, readFileSync(join(folder, name)));
    rmSync(join(folder, name));
  }
  for (const [name, text] of Object.entries(texts)) {
    const content = Buffer.from(text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
    writeFileSync(join(folder, name), content);
    if (content.length > SMALL) writeFileSync(join(folder, `${name}.br`), brotli(content, before.get(`${name}.br`)));
  }
}
