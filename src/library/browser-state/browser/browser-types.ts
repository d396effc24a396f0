/**
 * The parts of Playwright's and Puppeteer's objects that are used here. Structural types, so that this package
 * depends on neither. Parameters are `unknown`, because their types differ between versions: the parameters of methods
 * are compared in both directions, so the packages' own objects can be passed.
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
  addCookies(cookies: unknown): Promise<void>;
  storageState(options?: { indexedDB?: boolean }): Promise<unknown>;
  setStorageState?(state: unknown): Promise<void>;
  browser(): { version(): string } | null;
  close(): Promise<void>;
  once(event: 'close', listener: () => void): unknown;
}

/** A browser type of Playwright, such as `chromium`. */
export interface PlaywrightBrowserType<Context extends PlaywrightContext> {
  launchPersistentContext(userDataDir: string, options?: unknown): Promise<Context>;
}

/** A browser of Puppeteer that was launched with `userDataDir`, or its default context. */
export interface PuppeteerContext {
  cookies(): Promise<BrowserCookie[]>;
  setCookie(...cookies: unknown[]): Promise<void>;
}
