/**
 * Two browser sessions with a shared cache, in Playwright. Run it from the root of the project:
 *
 *     CHROMIUM_PATH=/usr/bin/chromium node --conditions=roundhouse:source examples/playwright/gateway.ts URL
 */
import { chromium } from 'playwright-core';
import { openGateway } from 'roundhouse/gateway';

const [url = 'https://example.com/', ...allow] = process.argv.slice(2);

await using gateway = await openGateway();
const browser = await chromium.launch({
  ...(process.env.CHROMIUM_PATH ? { executablePath: process.env.CHROMIUM_PATH } : { channel: 'chromium' }),
  // Chromium's sandbox does not start as root.
  args: [...gateway.launchOptions.args, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
});

for (const session of ['first', 'second']) {
  await using lane = await gateway.openLane({
    namespace: 'example',
    rules: [{ match: '*', force: true, ttlS: 3600 }],
    allow,
  });
  const context = await browser.newContext(lane.contextOptions);
  const page = await context.newPage();
  await page.goto(url);
  await context.close();
  const { requests, hits, bytesFromUpstream } = lane.stats();
  process.stdout.write(
    `${session} session: ${requests} requests, ${hits} hits, ${bytesFromUpstream} bytes from the origin\n`,
  );
}
await browser.close();
