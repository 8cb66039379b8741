// Takes the pictures of the documentation (docs/images) from a running demo: `make pictures`.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { by, edit, root, save, start, text } from './harness.mjs';

const VIEWPORT = { width: 1280, height: 800 };
const TICKS = 9000; // 28 seconds of prices

const pictures = {
  async demo(stage) {
    const [ann, ben] = [await stage.page('ann', '/orders/1042'), await stage.page('ben', '/orders/1042')];
    await text(by(ben, 'presence-text'), 'Ann');
    await edit(ann, 1042, 'Monogram as in the last order. Call before delivery.');
    await save(ann);
    await text(by(ben, 'flash'), 'Ann');
    return ben;
  },

  async maintenance(stage) {
    const ann = await stage.page('ann', '/orders/1043');
    await by(ann, 'order-form').waitFor();
    await stage.cli('maintenance', 'on', '--message', 'We are moving to the new warehouse system. Back at 14:00.');
    await text(by(ann, 'maintenance-message'), 'Back at 14:00');
    return ann;
  },

  async prices(stage) {
    const ann = await stage.page('ann', '/prices');
    await by(ann, 'tick-total').waitFor();
    await ann.waitForFunction((ticks) => Number(document.querySelector('[data-testid="tick-total"]').dataset.value) >= ticks, TICKS, { timeout: 120_000 });
    return ann;
  },
};

for (const [name, open] of Object.entries(pictures)) {
  const stage = await start({ viewport: VIEWPORT, colorScheme: 'light', timezoneId: 'UTC' });
  try {
    const path = join(root, 'docs', 'images', `${name}.png`);
    const page = await open(stage);
    await page.mouse.move(0, VIEWPORT.height - 1); // away from anything that reacts to the pointer
    await page.screenshot({ path, animations: 'disabled' });
    console.log(`${path}: ${VIEWPORT.width} x ${VIEWPORT.height}, ${Math.round(statSync(path).size / 1024)} KiB`);
    await stage.clear();
  } finally {
    await stage.stop();
  }
}
