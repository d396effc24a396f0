import type { Checkpoint } from '../checkpoint.ts';
import type { Mount } from '../mount.ts';
import type { CommitOptions } from '../options.ts';
import type { BrowserCookie, PlaywrightContext, PuppeteerContext } from './browser-types.ts';

/** What {@link afterLaunch} has restored besides the profile. */
export interface Restored {
  /** Number of session cookies that were set. */
  readonly sessionCookies: number;
  /** The checkpoint that was loaded, because the last browser was not closed. */
  readonly checkpoint?: Checkpoint;
}

/**
 * Completes the state of a browser that was just launched on a mounted profile: sets the session cookies, which
 * Chromium does not write to disk, and loads an imported storage state or the checkpoint of a browser that crashed.
 * Puppeteer has no storage state: only cookies are set.
 */
export async function afterLaunch(
  mount: Mount,
  context: PlaywrightContext | PuppeteerContext,
): Promise<Restored> {
  const { sessionCookies = [], storageState } = mount.sidecar;
  const { checkpoint } = mount;
  const state = checkpoint?.state ?? storageState;
  if (state !== undefined && 'addCookies' in context && context.setStorageState) {
    await context.setStorageState(state);
    return checkpoint ? { sessionCookies: 0, checkpoint } : { sessionCookies: 0 };
  }
  const cookies = cookiesOf(state) ?? sessionCookies;
  if (cookies.length > 0) {
    if ('addCookies' in context) await context.addCookies(cookies);
    else await context.setCookie(...cookies);
  }
  return { sessionCookies: cookies.length, ...(checkpoint && { checkpoint }) };
}

/**
 * Reads what closing the browser would lose. Call it before `close()`, and pass the result to `mount.commit()` after.
 */
export async function beforeClose(context: PlaywrightContext | PuppeteerContext): Promise<CommitOptions> {
  const sessionCookies = (await context.cookies()).filter(isSessionCookie);
  const version = 'browser' in context ? context.browser()?.version() : undefined;
  return { sessionCookies, ...(version !== undefined && { browserVersion: version }) };
}

function isSessionCookie({ session, expires = -1 }: BrowserCookie): boolean {
  return session ?? expires === -1;
}

function cookiesOf(state: unknown): readonly unknown[] | undefined {
  const cookies = (state as { cookies?: unknown } | undefined)?.cookies;
  return Array.isArray(cookies) ? cookies : undefined;
}
