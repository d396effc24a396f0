/**
 * The parts of Playwright's and Puppeteer's objects that are used here. Structural types, so that this package
 * depends on neither.
 */

/** A cookie of Playwright or Puppeteer. `expires` of a session cookie is -1. */
export interface BrowserCookie {
  readonly name: string;
  readonly expires?: number;
  readonly session?: boolean;
}

/** A context of Playwright: `browserType.launchPersistentContext()` resolves with one. */
export interface PlaywrightContext {
  cookies(): Promise<BrowserCookie[]>;
  // biome-ignore lint/suspicious/noExplicitAny: the parameter types of Playwright's methods differ between its versions
  addCookies(cookies: any): Promise<void>;
  storageState(options?: { indexedDB?: boolean }): Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  setStorageState?(state: any): Promise<void>;
  browser(): { version(): string } | null;
  close(): Promise<void>;
  once(event: 'close', listener: () => void): unknown;
}

/** A browser type of Playwright, such as `chromium`. */
export interface PlaywrightBrowserType<Context extends PlaywrightContext> {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  launchPersistentContext(userDataDir: string, options?: any): Promise<Context>;
}

/** A browser of Puppeteer that was launched with `userDataDir`, or its default context. */
export interface PuppeteerContext {
  cookies(): Promise<BrowserCookie[]>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  setCookie(...cookies: any[]): Promise<void>;
}
