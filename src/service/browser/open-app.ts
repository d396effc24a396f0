import type { BrowserContext, Page } from 'playwright-core';
import type { Clock } from '../../library/cache/index.ts';
import type { Gateway, Lane, LaneMode, LaneOptions } from '../../library/gateway/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import { RoundhouseError } from '../errors.ts';
import type { BrowserPool } from './browser-pool.ts';
import { executeInPage } from './execute.ts';
import { STATE_ATTRIBUTE } from './host-pages.ts';
import type { Manifest } from './manifest-schema.ts';
import { seedStorage } from './seed-storage.ts';

const CONTEXT_CLOSE_TIMEOUT_MS = 700;
const STARTUP_SCRIPT_TIMEOUT_MS = 30_000;
/** A page that opens popups without end would use all memory. */
const MAX_PAGES = 20;

/** What an app is opened with. */
export interface OpenAppOptions {
  readonly gateway: Gateway;
  readonly pool: BrowserPool;
  readonly workspace: string;
  readonly manifest: Manifest;
  readonly lane: LaneOptions;
  readonly mode: LaneMode;
  readonly clock: Clock;
}

/** An app in Chromium, whose page is still blank. */
export interface OpenApp {
  readonly lane: Lane;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Closes the pages and the lane, and Chromium if no other session uses it. */
  close(): Promise<void>;
}

/** Opens a lane, a browser context and a blank page. */
export async function openApp(options: OpenAppOptions): Promise<OpenApp> {
  const { gateway, pool, workspace, manifest, mode, clock } = options;
  const lane = await gateway.openLane({ ...options.lane, mode });
  try {
    const use = await pool.use(workspace);
    try {
      const context = await use.browser.newContext({
        ...lane.contextOptions,
        viewport: manifest.viewport ?? { width: 1280, height: 720 },
        acceptDownloads: false,
      });
      const page = await context.newPage();
      context.on('page', (popup) => {
        if (context.pages().length > MAX_PAGES) popup.close().catch(() => {});
      });
      const close = async () => {
        const deadline = { clock, timeoutMs: CONTEXT_CLOSE_TIMEOUT_MS, subject: 'The page' };
        await withinDeadline(deadline, () => context.close()).catch(() => {});
        await Promise.all([use.release(), lane.close()]);
      };
      return { lane, context, page, close };
    } catch (error) {
      await use.release();
      throw error;
    }
  } catch (error) {
    await lane.close();
    throw error;
  }
}

/**
 * Loads an app in its page, until it is ready.
 * @throws RoundhouseError `app_start_failed`, `script_failed`; or Playwright's errors
 */
export async function loadApp(page: Page, entry: URL, manifest: Manifest): Promise<void> {
  const { type, startup_script: script, startup_config: { wait_for_service: service } = {} } = manifest;
  await seedStorage(page, entry, manifest);
  const response = await page.goto(entry.href, { waitUntil: 'load', timeout: 0 });
  if (response && response.status() >= 400)
    throw failed(`the entry point answered with status ${response.status()}`);
  await forgetHistory(page);
  if (type === 'web-python' || type === 'web-worker') {
    const state = await waitForValue(page, `document.documentElement.getAttribute('${STATE_ATTRIBUTE}')`);
    if (state !== 'ready') throw failed(state.replace('failed: ', ''));
  }
  if (script !== undefined) await executeInPage(page, script, STARTUP_SCRIPT_TIMEOUT_MS);
  if (service !== undefined)
    await waitForValue(page, `String(globalThis[${JSON.stringify(service)}] !== undefined || '')`);
}

/** The page from which storage was set must not be reachable with `history.back()`. */
async function forgetHistory(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.resetNavigationHistory');
  await session.detach();
}

/** Waits until an expression has a value other than an empty one. */
async function waitForValue(page: Page, expression: string): Promise<string> {
  const handle = await page.waitForFunction(expression, undefined, { timeout: 0, polling: 100 });
  return String(await handle.jsonValue());
}

function failed(reason: string): RoundhouseError {
  return new RoundhouseError('app_start_failed', `The app could not be started: ${reason}`);
}
