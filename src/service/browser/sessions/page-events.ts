import type { BrowserContext, Page } from 'playwright-core';
import type { SessionLog } from './session-log.ts';

/** Logs the console of all pages of a context, and uncaught exceptions. */
export function observeConsole(context: BrowserContext, log: SessionLog): void {
  context.on('console', (message) => log.add(message.type(), message.text()));
  context.on('weberror', (error) => {
    const { stack, message } = error.error();
    log.add('exception', stack ?? message);
  });
}

/** Clears the HTTP cache of a page's browser context. */
export async function clearBrowserCache(page: Page): Promise<void> {
  try {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.clearBrowserCache');
    await session.detach();
  } catch {
    // The page has just been closed.
  }
}

/** The first line of an error of Playwright, without the name of its method. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^page\.\w+: /, '')
    .split('\n', 1)[0]!
    .slice(0, 500);
}
