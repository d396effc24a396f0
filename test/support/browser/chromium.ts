import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright-core';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';

export const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The machine's network has changed, as it does when a container of whatever test comes or goes. */
const NETWORK_CHANGED = 'net::ERR_NETWORK_CHANGED';

/** What a page did that no page of the panel may do. */
export interface Misdeeds {
  /** Console errors and warnings, uncaught exceptions, violations of the content security policy. */
  errors: string[];
  /** Addresses of other hosts that it asked. */
  strangers: string[];
}

/** A page that notes its own misdeeds. */
export interface WatchedPage extends Misdeeds {
  page: Page;
  /** Paths with query that were asked for, each as `GET /engines 304`; `failed` in place of a status. */
  requests: string[];
}

export interface Chromium {
  open(url: string, options?: BrowserContextOptions): Promise<WatchedPage>;
}

/** A suite that needs Chromium: one browser for the suite, a context of its own for each page. */
export function describeWithChromium(name: string, suite: (chromium: Chromium) => void): void {
  const provided = inject('chromium');
  describe(name, () => {
    if ('missing' in provided) {
      it('needs Chromium', (context) => context.skip(provided.missing));
      return;
    }
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({
        executablePath: provided.path,
        args: CHROMIUM_FLAGS,
        timeout: 60_000,
      });
    });
    afterAll(() => browser?.close());
    suite({ open: async (url, options) => watch(browser, url, options) });
  });
}

async function watch(browser: Browser, url: string, options?: BrowserContextOptions): Promise<WatchedPage> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const { origin } = new URL(url);
  const watched: WatchedPage = { page, errors: [], strangers: [], requests: [] };
  const note = (method: string, address: string, end: string | number) => {
    const { pathname, search } = new URL(address);
    watched.requests.push(`${method} ${pathname}${search} ${end}`);
  };
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) watched.strangers.push(request.url());
  });
  const unchanged = new WeakSet<Request>();
  page.on('response', (response) => {
    if (response.status() === 304) unchanged.add(response.request());
    note(response.request().method(), response.url(), response.status());
  });
  // Chromium calls a 304 that a script asked for itself a failure too, once its absent body has not come.
  page.on('requestfailed', (request) => {
    const moved = request.failure()?.errorText === NETWORK_CHANGED;
    if (!unchanged.has(request) && !moved) note(request.method(), request.url(), 'failed');
  });
  page.on('pageerror', (error) => watched.errors.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    if (['error', 'warning'].includes(message.type()) && !text.includes(NETWORK_CHANGED))
      watched.errors.push(text);
  });
  await page.goto(url);
  return watched;
}
