import type { BrowserContext, Page } from 'playwright-core';
import type { Clock } from '../../../library/cache/index.ts';
import type { Gateway, Lane, LaneMode, LaneOptions } from '../../../library/gateway/index.ts';
import { withinDeadline } from '../../../library/util/deadline.ts';
import { RoundhouseError } from '../../errors.ts';
import { STATE_ATTRIBUTE } from '../apps/host-pages.ts';
import type { Manifest } from '../apps/manifest-schema.ts';
import type { BrowserPool, BrowserUse } from '../chromium/browser-pool.ts';
import {
  type BrowserProcesses,
  type LaunchSettings,
  launchChromium,
  processesOf,
  startWithSandbox,
} from '../chromium/launch.ts';
import type { Profiles } from '../profiles.ts';
import { executeInPage } from './execute.ts';
import { repeatOnNetworkChange } from './network-changes.ts';
import { seedStorage } from './seed-storage.ts';

const CONTEXT_CLOSE_TIMEOUT_MS = 700;
/** A graceful close writes the profile, and a commit stores it. Shorter than a step of the service's stop. */
const PROFILE_CLOSE_TIMEOUT_MS = 4000;
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
  /** Name of the profile, or null for none. */
  readonly profile: string | null;
  readonly profiles: Profiles;
  readonly launch: LaunchSettings;
  readonly clock: Clock;
  /** Called for a profile that could not be committed. */
  readonly onError: (error: unknown) => void;
}

/** An app in Chromium, whose page is still blank. */
export interface OpenApp {
  readonly lane: Lane;
  readonly context: BrowserContext;
  readonly page: Page;
  /** The processes of a Chromium that no other session uses; undefined if it is shared. */
  readonly own: BrowserProcesses | undefined;
  /** Closes the pages and the lane, and Chromium if no other session uses it. */
  close(): Promise<void>;
}

/** Opens a lane, a browser context and a blank page. */
export async function openApp(options: OpenAppOptions): Promise<OpenApp> {
  const lane = await options.gateway.openLane({ ...options.lane, mode: options.mode });
  try {
    const opened = await open(options, lane);
    const { context } = opened;
    context.on('page', (popup) => {
      if (context.pages().length > MAX_PAGES) popup.close().catch(() => {});
    });
    const close = async () => {
      try {
        await opened.close();
      } finally {
        await lane.close();
      }
    };
    return { lane, context, page: opened.page, own: opened.own, close };
  } catch (error) {
    await lane.close();
    throw error;
  }
}

type OpenContext = Pick<OpenApp, 'context' | 'page' | 'own' | 'close'>;

async function open(options: OpenAppOptions, lane: Lane): Promise<OpenContext> {
  const { profile, pool, workspace, gateway, launch } = options;
  const isLimited = options.manifest.memory_limit_mib !== undefined;
  if (isLimited && process.platform !== 'linux') throw failed('memory_limit_mib requires Linux');
  if (profile) return await openWithProfile(options, profile, lane);
  if (!isLimited) return await openContext(options, lane, await pool.use(workspace));
  const { browser, processes, close } = await launchChromium(launch, gateway.launchOptions.args);
  const opened = await openContext(options, lane, { browser, release: close });
  return { ...opened, own: processes };
}

/** A context of a browser, which is released when the context is closed. */
async function openContext(
  { manifest, clock }: OpenAppOptions,
  lane: Lane,
  use: BrowserUse,
): Promise<OpenContext> {
  try {
    const context = await use.browser.newContext({ ...lane.contextOptions, ...contextOptions(manifest) });
    const page = await context.newPage();
    const close = async () => {
      const deadline = { clock, timeoutMs: CONTEXT_CLOSE_TIMEOUT_MS, subject: 'The page' };
      await withinDeadline(deadline, () => context.close()).catch(() => {});
      await use.release();
    };
    return { context, page, own: undefined, close };
  } catch (error) {
    await use.release();
    throw error;
  }
}

/** A browser of its own on a mounted profile, which is committed when it is closed. */
async function openWithProfile(options: OpenAppOptions, profile: string, lane: Lane): Promise<OpenContext> {
  const { gateway, profiles, workspace, manifest, clock, launch } = options;
  const { openBrowser } = await profiles.library();
  const { chromium } = await import('playwright-core');
  const mount = await profiles.mount(workspace, profile);
  try {
    const { args } = gateway.launchOptions;
    const opened = await startWithSandbox(launch, args, (playwrightOptions) =>
      openBrowser(chromium, mount, {
        launch: { ...playwrightOptions, ...lane.contextOptions, ...contextOptions(manifest) },
        handleSignals: false,
        clock,
        onError: options.onError,
      }),
    );
    const context = opened.context as BrowserContext;
    const own = await processesOf(context.browser()!);
    const close = async () => {
      const deadline = { clock, timeoutMs: PROFILE_CLOSE_TIMEOUT_MS, subject: 'The profile' };
      try {
        await withinDeadline(deadline, () => opened.close());
      } catch (error) {
        options.onError(error);
        own.kill();
      } finally {
        await mount.discard();
      }
    };
    return { context, page: context.pages()[0] ?? (await context.newPage()), own, close };
  } catch (error) {
    await mount.discard();
    throw error;
  }
}

function contextOptions({ viewport = { width: 1280, height: 720 } }: Manifest) {
  return { viewport, acceptDownloads: false };
}

/**
 * Loads an app in its page, until it is ready.
 * @throws RoundhouseError `app_start_failed`, `script_failed`; or Playwright's errors
 */
export async function loadApp(page: Page, entry: URL, manifest: Manifest): Promise<void> {
  const { type, startup_script: script, startup_config: { wait_for_service: service } = {} } = manifest;
  await repeatOnNetworkChange(page.context(), async () => {
    await seedStorage(page, entry, manifest);
    const response = await page.goto(entry.href, { waitUntil: 'load', timeout: 0 });
    if (response && response.status() >= 400)
      throw failed(`the entry point answered with status ${response.status()}`);
    if (type !== 'web-python' && type !== 'web-worker') return;
    const state = await waitForValue(page, `document.documentElement.getAttribute('${STATE_ATTRIBUTE}')`);
    if (state !== 'ready') throw failed(state.replace('failed: ', ''));
  });
  await forgetHistory(page);
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
