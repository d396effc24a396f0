import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright-core';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { NETWORK_CHANGED } from './network-changes.ts';

/** Command line of Chromium: headless, and without requests of its own. */
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

/** A busy machine may miss the deadline of a read. The page shows that and reads again. */
const UNAVAILABLE = 'status of 503 (Service Unavailable)';

/** A page that records its requests and errors. */
export interface MonitoredPage {
  page: Page;
  /**
   * Console errors and warnings, uncaught exceptions and violations of the content security policy. Without 503
   * responses, which `requests` contains.
   */
  errors: string[];
  /** URLs on other hosts that the page requested. */
  foreignRequests: string[];
  /** Completed requests with path and query, such as `GET /engines 304`. Failed ones end with `failed`. */
  requests: string[];
  /** Requests that have neither completed nor failed. */
  inFlight: Set<Request>;
}

/** Options of a page. */
export interface PageOptions extends BrowserContextOptions {
  /** Replaces the page's timers, so that the test can control them with `page.clock`. */
  fakeClock?: boolean;
}

/** Chromium, started for one suite. */
export interface Chromium {
  /** Opens a page in its own context. */
  open(url: string, options?: PageOptions): Promise<MonitoredPage>;
}

/** Defines a suite that uses one Chromium. It is skipped if Chromium is not installed. */
export function describeWithChromium(name: string, suite: (chromium: Chromium) => void): void {
  const provided = inject('chromium');
  describe(name, () => {
    if ('missing' in provided) {
      it('requires Chromium', (context) => context.skip(provided.missing));
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
    suite({ open: (url, options) => open(browser, url, options) });
  });
}

async function open(browser: Browser, url: string, options: PageOptions = {}): Promise<MonitoredPage> {
  const { fakeClock = false, ...contextOptions } = options;
  const context = await browser.newContext({ reducedMotion: 'reduce', ...contextOptions });
  const page = await context.newPage();
  if (fakeClock) await page.clock.install();
  const monitored = monitor(page, new URL(url).origin);
  await goto(page, url);
  return monitored;
}

async function goto(page: Page, url: string, attempts = 3): Promise<void> {
  try {
    await page.goto(url);
  } catch (error) {
    if (attempts === 1 || !String(error).includes(NETWORK_CHANGED)) throw error;
    await goto(page, url, attempts - 1);
  }
}

function monitor(page: Page, origin: string): MonitoredPage {
  const monitored: MonitoredPage = {
    page,
    errors: [],
    foreignRequests: [],
    requests: [],
    inFlight: new Set(),
  };
  const record = (method: string, url: string, result: string | number) => {
    const { pathname, search } = new URL(url);
    monitored.requests.push(`${method} ${pathname}${search} ${result}`);
  };
  page.on('request', (request) => {
    monitored.inFlight.add(request);
    if (new URL(request.url()).origin !== origin) monitored.foreignRequests.push(request.url());
  });
  const notModified = new WeakSet<Request>();
  page.on('response', (response) => {
    if (response.status() === 304) notModified.add(response.request());
    record(response.request().method(), response.url(), response.status());
  });
  page.on('requestfinished', (request) => monitored.inFlight.delete(request));
  // Chromium reports a 304 response to a conditional fetch as failed too, because it has no body.
  page.on('requestfailed', (request) => {
    monitored.inFlight.delete(request);
    const networkChanged = request.failure()?.errorText === NETWORK_CHANGED;
    if (!notModified.has(request) && !networkChanged) record(request.method(), request.url(), 'failed');
  });
  page.on('pageerror', (error) => monitored.errors.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    const isExpected = text.includes(NETWORK_CHANGED) || text.endsWith(UNAVAILABLE);
    if (['error', 'warning'].includes(message.type()) && !isExpected) monitored.errors.push(text);
  });
  return monitored;
}
