import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, LaunchOptions } from 'playwright-core';
import type { Clock } from '../../../library/cache/index.ts';
import { withinDeadline } from '../../../library/util/deadline.ts';
import { RoundhouseError } from '../../errors.ts';
import { findChromium } from './chromium.ts';
import { removeFolderLater } from './relay/temporary-files.ts';
import { needsUnprivilegedUser, UNPRIVILEGED_ID } from './unprivileged.ts';

/** How Chromium is launched. */
export interface LaunchSettings {
  /** CHROMIUM_PATH. */
  readonly chromiumPath: string | null;
  /** Whether it may run without its sandbox if that does not work here. */
  readonly allowNoSandbox: boolean;
  /** Folder in which Playwright would otherwise create one for each browser, which stays if the service is killed. */
  readonly artifactsDir: string;
  readonly clock: Clock;
  /** Called when Chromium runs without its sandbox. */
  readonly onNoSandbox: () => void;
}

const LAUNCH_TIMEOUT_MS = 30_000;
/** How long Chromium may take to end before it is killed. A stop of the service takes less than 2 s. */
const CLOSE_TIMEOUT_MS = 1000;
/** Variables that Chromium gets. Those of the service may contain secrets. */
const VARIABLES = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'FONTCONFIG_PATH', 'FONTCONFIG_FILE'];
const LAUNCHER = fileURLToPath(new URL('./relay/launch-chromium.sh', import.meta.url));
const RELAY = fileURLToPath(new URL('./relay/relay.ts', import.meta.url));

/** The processes of a Chromium. */
export interface BrowserProcesses {
  /** Process id of the browser, and of the group of all its processes. */
  readonly pid: number;
  /** Kills all of them. */
  kill(): void;
}

/** A running Chromium. */
export interface RunningBrowser {
  readonly browser: Browser;
  readonly processes: BrowserProcesses;
  /** Closes it, and kills its processes if it does not end in time. */
  close(): Promise<void>;
}

/**
 * Launches Chromium with its sandbox.
 * @param args further arguments
 * @throws RoundhouseError `browser_unavailable` if there is none, or if it does not start
 */
export async function launchChromium(
  settings: LaunchSettings,
  args: readonly string[],
): Promise<RunningBrowser> {
  const { chromium } = await import('playwright-core');
  const browser = await startWithSandbox(settings, args, (options) => chromium.launch(options));
  const processes = await processesOf(browser);
  const close = async () => {
    const deadline = { clock: settings.clock, timeoutMs: CLOSE_TIMEOUT_MS, subject: 'Chromium' };
    await withinDeadline(deadline, () => browser.close()).catch(() => processes.kill());
  };
  return { browser, processes, close };
}

/**
 * Starts Chromium with its sandbox, or without where that is permitted.
 * @param start called with the options for Playwright; once more without the sandbox if it rejects
 * @throws RoundhouseError `browser_unavailable` if there is no Chromium, or if it does not start
 */
export async function startWithSandbox<T>(
  settings: LaunchSettings,
  args: readonly string[],
  start: (options: LaunchOptions) => Promise<T>,
): Promise<T> {
  const program = findChromium(settings.chromiumPath);
  const attempt = async (chromiumSandbox: boolean) => {
    // Short: the path of a socket in it has at most 107 bytes.
    const temporaryFolder = join(tmpdir(), `chromium-${randomBytes(4).toString('base64url')}`);
    try {
      return await start(optionsFor(settings, { program, args, temporaryFolder, chromiumSandbox }));
    } catch (error) {
      // The relay removes it, unless Playwright has killed it at the deadline of the launch.
      await removeFolderLater(temporaryFolder).catch(() => {});
      throw error;
    }
  };
  try {
    return await attempt(true);
  } catch (error) {
    if (!settings.allowNoSandbox) throw unavailable(error);
    settings.onNoSandbox();
  }
  try {
    return await attempt(false);
  } catch (error) {
    throw unavailable(error);
  }
}

interface LaunchAttempt {
  /** Path of Chromium. */
  readonly program: string;
  readonly args: readonly string[];
  readonly temporaryFolder: string;
  readonly chromiumSandbox: boolean;
}

/** Playwright starts the relay, and the relay Chromium. */
function optionsFor(
  { artifactsDir }: LaunchSettings,
  { program, args, temporaryFolder, chromiumSandbox }: LaunchAttempt,
): LaunchOptions {
  const variables = VARIABLES.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return {
    executablePath: LAUNCHER,
    chromiumSandbox,
    artifactsDir,
    args: [...args],
    timeout: LAUNCH_TIMEOUT_MS,
    env: {
      ...Object.fromEntries(variables),
      RELAY_NODE: process.execPath,
      RELAY_SCRIPT: RELAY,
      RELAY_PROGRAM: program,
      RELAY_TEMPORARY_FOLDER: temporaryFolder,
      ...(needsUnprivilegedUser() && { RELAY_USER_ID: String(UNPRIVILEGED_ID) }),
    },
    // The service ends Chromium itself.
    ...{ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false },
  };
}

/** Returns the processes of a browser. */
export async function processesOf(browser: Browser): Promise<BrowserProcesses> {
  const pid = await processIdOf(browser);
  return { pid, kill: () => endRelay(pid) };
}

async function processIdOf(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return await groupOf(processInfo.find(({ type }) => type === 'browser')!.id);
}

/** Playwright starts the relay as the leader of a process group, in which Chromium is too. */
async function groupOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^NSpgid:\s+(\d+)/m.exec(status)?.[1] ?? pid);
}

/** It kills Chromium, and removes its temporary files. */
function endRelay(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function unavailable(cause: unknown): RoundhouseError {
  if (cause instanceof RoundhouseError) return cause;
  const { message } = cause as Error;
  const advice = /sandbox/i.test(message)
    ? 'its sandbox does not work on this machine: permit unprivileged user namespaces, or set BROWSER_ALLOW_NO_SANDBOX=true'
    : (message.split('\n', 1)[0] ?? '');
  return new RoundhouseError('browser_unavailable', `Chromium could not be started: ${advice}`, { cause });
}
