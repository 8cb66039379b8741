// Copies Swagger UI and the page around it to dist/apidocs. What is long is compressed, because the binary embeds it. A
// file that already holds the same content stays as it is: releases of zlib compress to different bytes.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const source = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const target = join(import.meta.dirname, '../dist/apidocs');
mkdirSync(target, { recursive: true });

for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css']) {
  const content = Buffer.from(readFileSync(join(source, name), 'utf8').replace(/\n\/[/*]# sourceMappingURL=.*\s*$/, '\n'));
  const path = join(target, `${name}.gz`);
  if (!existsSync(path) || !gunzipSync(readFileSync(path)).equals(content)) {
    writeFileSync(path, gzipSync(content, { level: 9 }));
  }
}
for (const name of ['index.html', 'page.css', 'page.js']) {
  writeFileSync(join(target, name), readFileSync(join(import.meta.dirname, name)));
}
const notices = ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js.LICENSE.txt'];
writeFileSync(
  join(target, 'LICENSES.txt'),
  notices.map((name) => `Swagger UI: ${name}\n\n${readFileSync(join(source, name), 'utf8').trim()}\n`).join('\n'),
);
