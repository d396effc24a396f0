import type { Page } from 'playwright-core';
import type { Manifest } from '../apps/manifest-schema.ts';

/**
 * Sets the cookies and storage of a manifest before the first script of the app runs. What a profile contains already is
 * not changed.
 */
export async function seedStorage(page: Page, entry: URL, manifest: Manifest): Promise<void> {
  const { cookies = {}, localStorage = {}, session_storage: sessionStorage = {} } = manifest;
  const context = page.context();
  const present = new Set((await context.cookies(entry.href)).map(({ name }) => name));
  const list = Object.entries(cookies)
    .filter(([name]) => !present.has(name))
    .map(([name, value]) => ({ name, value, url: entry.href }));
  if (list.length > 0) await context.addCookies(list);
  if (Object.keys(localStorage).length + Object.keys(sessionStorage).length === 0) return;
  await onBlankPage(page, entry.origin, async () => {
    await page.evaluate(
      (items) => {
        const { localStorage: local, sessionStorage: session } = globalThis as never as Record<
          'localStorage' | 'sessionStorage',
          { getItem(name: string): string | null; setItem(name: string, value: string): void }
        >;
        for (const [name, value] of items.local) if (local.getItem(name) === null) local.setItem(name, value);
        for (const [name, value] of items.session) session.setItem(name, value);
      },
      { local: Object.entries(localStorage), session: Object.entries(sessionStorage) },
    );
  });
}

/**
 * Runs a function on a blank page of an origin, for which no request is sent. One request is answered over the DevTools
 * protocol; interception ends before the app is loaded, because it would turn off the HTTP cache of the browser.
 */
async function onBlankPage(page: Page, origin: string, use: () => Promise<void>): Promise<void> {
  const session = await page.context().newCDPSession(page);
  try {
    const answered = new Promise<void>((resolve, reject) => {
      session.once('Fetch.requestPaused', ({ requestId }) => {
        const responseHeaders = [{ name: 'content-type', value: 'text/html' }];
        session.send('Fetch.fulfillRequest', { requestId, responseCode: 200, responseHeaders }).then(
          () => resolve(),
          (error) => reject(error),
        );
      });
    });
    // A service worker of a profile would answer in place of the protocol.
    await session.send('Network.setBypassServiceWorker', { bypass: true });
    await session.send('Fetch.enable', { patterns: [{ urlPattern: `${origin}/*` }] });
    await Promise.all([answered, page.goto(`${origin}/~roundhouse/seed`)]);
    await use();
    await session.send('Fetch.disable');
    await session.send('Network.setBypassServiceWorker', { bypass: false });
  } finally {
    await session.detach().catch(() => {});
  }
}
