import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { MonitoredPage } from '../support/browser/chromium.ts';

/** Selects the polling interval of the panel. */
export async function selectInterval(page: Page, seconds: number): Promise<void> {
  await page.getByLabel('Poll every').selectOption(String(seconds));
}

/** Enters the API key in the open prompt. */
export async function enterApiKey(page: Page, key: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'API key required' });
  await dialog.getByLabel('API key').fill(key);
  await dialog.getByRole('button', { name: 'Continue' }).click();
}

/** Logs the browser of a page of the panel in, and reloads the page. */
export async function logIn(page: Page, key: string): Promise<void> {
  await page.evaluate(async (apiKey) => {
    const init = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ key: apiKey, remember: false }),
    };
    const { ok, status } = await fetch('../session', init);
    if (!ok) throw new Error(`The login failed with status ${status}`);
  }, key);
  await page.reload();
}

/** Makes the page believe that its tab is hidden, which a headless browser never does. */
export async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(
    (state) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
      document.dispatchEvent(new Event('visibilitychange'));
    },
    hidden ? 'hidden' : 'visible',
  );
}

/** Asserts that a page had no errors and sent no requests to other hosts. */
export function expectNoViolations({ errors, foreignRequests }: MonitoredPage): void {
  expect({ errors, foreignRequests }).toEqual({ errors: [], foreignRequests: [] });
}
