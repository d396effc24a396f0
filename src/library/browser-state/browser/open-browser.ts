import { type Clock, createSystemClock } from '../../util/clock.ts';
import { SerialTask } from '../../util/serial-task.ts';
import { BrowserStateError } from '../errors.ts';
import type { Mount } from '../mount.ts';
import type { PlaywrightBrowserType, PlaywrightContext } from './browser-types.ts';
import { afterLaunch, beforeClose, type Restored } from './hooks.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Options of {@link openBrowser} and {@link withBrowser}. */
export interface OpenBrowserOptions {
  /** Options of Playwright's `launchPersistentContext`. */
  launch?: Readonly<Record<string, unknown>>;
  /** Interval of checkpoints of the running browser, in seconds. Default 60; 0 disables them. */
  checkpointIntervalS?: number;
  /** Whether SIGINT and SIGTERM close the browser and commit before the process ends. Default true. */
  handleSignals?: boolean;
  /** Called for errors of checkpoints and of a close by a signal. */
  onError?: (error: unknown) => void;
  /** Source of time. Default: the system's monotonic clock. */
  clock?: Clock;
}

/** A running browser on a mounted profile. */
export interface OpenBrowser<Context> {
  /** Playwright's context. Do not close it: use {@link close}. */
  readonly context: Context;
  /** What was restored besides the profile. */
  readonly restored: Restored;
  /**
   * Closes the browser gracefully and commits the profile. The mount stays open.
   * @returns the version of the profile
   * @throws BrowserStateError `PROFILE_IN_USE` if the browser has crashed
   * @throws the errors of `Mount.commit`
   */
  close(): Promise<number>;
}

/** Launches a browser on a mounted profile. `withBrowser` closes it too. */
export async function openBrowser<Context extends PlaywrightContext>(
  browserType: PlaywrightBrowserType<Context>,
  mount: Mount,
  options: OpenBrowserOptions = {},
): Promise<OpenBrowser<Context>> {
  const { launch = {}, checkpointIntervalS = 60, handleSignals = true } = options;
  const { onError = () => {}, clock = createSystemClock() } = options;
  // Playwright's own handlers kill the browser, which then has not written its cookies.
  const signals = {
    handleSIGINT: !handleSignals,
    handleSIGTERM: !handleSignals,
    handleSIGHUP: !handleSignals,
  };
  const context = await browserType.launchPersistentContext(mount.dir, { ...signals, ...launch });
  let hasClosed = false;
  context.once('close', () => {
    hasClosed = true;
    checkpoints.stop();
  });
  const saveCheckpoint = async () => {
    try {
      if (!hasClosed) await mount.saveCheckpoint(await context.storageState({ indexedDB: true }));
    } catch (error) {
      if (!hasClosed) onError(error);
    }
  };
  const checkpoints = new SerialTask(saveCheckpoint, { clock, intervalMs: checkpointIntervalS * 1000 });

  const closeAndCommit = async () => {
    await checkpoints.close();
    if (hasClosed) throw crashed();
    const lastState = await beforeClose(context).catch((cause) => {
      throw crashed(cause);
    });
    await context.close();
    return await mount.commit({ ...lastState, ...recoveredFrom(restored) });
  };
  let closing: Promise<number> | undefined;
  const close = () => {
    closing ??= closeAndCommit().finally(() => stopHandling());
    return closing;
  };
  const stopHandling = handleSignals
    ? onSignals(() => close().then(() => mount.discard()), onError)
    : () => {};

  let restored: Restored;
  try {
    restored = await afterLaunch(mount, context);
  } catch (error) {
    stopHandling();
    await context.close();
    throw error;
  }
  if (checkpointIntervalS > 0 && mount.lease) checkpoints.schedule(checkpointIntervalS * 1000);
  return { context, restored, close };
}

/**
 * Launches a browser on a mounted profile, runs `use`, closes the browser gracefully and commits the profile, also if
 * `use` throws. If the browser crashes, nothing is committed: the next mount has the last version and the newest
 * checkpoint.
 * @example
 * await using mount = await store.mount('user', 'session');
 * await withBrowser(chromium, mount, {}, async (context) => {
 *   const page = await context.newPage();
 *   await page.goto('https://example.com');
 * });
 * @returns the result of `use`
 * @throws the error of `use`, or the errors of {@link OpenBrowser.close}
 */
export async function withBrowser<Context extends PlaywrightContext, Result>(
  browserType: PlaywrightBrowserType<Context>,
  mount: Mount,
  options: OpenBrowserOptions,
  use: (context: Context, restored: Restored) => Promise<Result>,
): Promise<Result> {
  const browser = await openBrowser(browserType, mount, options);
  let result: Result;
  try {
    result = await use(browser.context, browser.restored);
  } catch (error) {
    await browser.close().catch(options.onError ?? (() => {}));
    throw error;
  }
  await browser.close();
  return result;
}

function recoveredFrom({ checkpoint }: Restored) {
  return checkpoint ? { restoredCheckpoint: checkpoint.savedAt } : {};
}

function crashed(cause?: unknown): BrowserStateError {
  const problem = 'the browser has ended before it was closed, so the profile is not committed';
  return new BrowserStateError(
    'PROFILE_IN_USE',
    `${problem}: discard the mount and mount the session again`,
    { cause },
  );
}

/** Closes at the first signal, and then sends the signal again without this handler. @returns a function that stops it */
function onSignals(close: () => Promise<unknown>, onError: (error: unknown) => void): () => void {
  const handler = (signal: NodeJS.Signals) => {
    void close()
      .catch(onError)
      .finally(() => {
        stop();
        process.kill(process.pid, signal);
      });
  };
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, handler);
  };
  for (const signal of SIGNALS) process.on(signal, handler);
  return stop;
}
