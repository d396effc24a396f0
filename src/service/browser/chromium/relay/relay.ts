/**
 * Starts Chromium, and connects its DevTools pipe with the one of this process, which Playwright reads. Messages of
 * Chromium pass the limits of {@link MessageLimiter}. A process of its own: the service responds to polls while a page
 * floods the pipe.
 */
import { execFileSync, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { MessageLimiter } from './message-limiter.ts';
import {
  createTemporaryFolder,
  isTemporaryProfile,
  profileFolderOf,
  removeFolder,
} from './temporary-files.ts';

const REPORT_INTERVAL_MS = 1000;
/** How long Chromium may take to end when the service has ended. */
const END_TIMEOUT_MS = 5000;

const {
  RELAY_PROGRAM = '',
  RELAY_TEMPORARY_FOLDER = '',
  RELAY_USER_ID,
  RELAY_NODE: _node,
  RELAY_SCRIPT: _script,
  ...env
} = process.env;
const args = process.argv.slice(2);
const profileFolder = profileFolderOf(args);
const userId = RELAY_USER_ID === undefined ? undefined : Number(RELAY_USER_ID);
if (userId !== undefined) giveProfileTo(userId);
createTemporaryFolder(RELAY_TEMPORARY_FOLDER, userId);
env.TMPDIR = RELAY_TEMPORARY_FOLDER;
process.once('exit', endAll);

const child = spawn(RELAY_PROGRAM, args, {
  env,
  stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
  ...(userId !== undefined && { uid: userId, gid: userId }),
});
const [, , , toChromium, fromChromium] = child.stdio as unknown as [null, null, null, Writable, Readable];
const fromService = new Socket({ fd: 3, readable: true, writable: false });
const toService = new Socket({ fd: 4, readable: false, writable: true });
for (const stream of [toChromium, fromChromium, fromService, toService]) stream.on('error', () => {});

const limiter = new MessageLimiter();
fromService.pipe(toChromium);
fromChromium.on('data', (chunk: Buffer) => send(limiter.push(chunk)));
toService.on('drain', () => fromChromium.resume());
setInterval(() => send(limiter.report()), REPORT_INTERVAL_MS).unref();

// Chromium ends when its pipe is closed, unless it hangs.
fromService.once('close', () => {
  toChromium.end();
  setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
});
// The service sends this to a Chromium that does not end.
process.once('SIGTERM', () => child.kill('SIGKILL'));
child.once('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(127);
});
child.once('close', (code) => {
  // The service was killed, and Playwright with it. A mounted profile is removed when the service starts again.
  if (fromService.destroyed && profileFolder !== undefined && isTemporaryProfile(profileFolder))
    removeFolder(profileFolder);
  // First: Playwright may kill the relay as soon as the pipe to the service ends.
  removeFolder(RELAY_TEMPORARY_FOLDER);
  toService.end(() => process.exit(code ?? 1));
});
// A process that Chromium has left behind may hold the pipe.
child.once('exit', (code) => setTimeout(() => process.exit(code ?? 1), END_TIMEOUT_MS));

/** Processes of a Chromium that was killed may not end by themselves. Playwright starts the relay with a group of its own. */
function endAll(): void {
  removeFolder(RELAY_TEMPORARY_FOLDER);
  if (child.signalCode === null) return;
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    // It has no group of its own.
  }
}

function send(messages: Buffer[]): void {
  if (messages.length === 0 || toService.destroyed) return;
  toService.cork();
  for (const message of messages) toService.write(message);
  toService.uncork();
  if (toService.writableNeedDrain) fromChromium.pause();
}

/** The profile was created by the service. It is the HOME too, because the user has none. */
function giveProfileTo(id: number): void {
  if (profileFolder === undefined) return;
  execFileSync('chown', ['-R', `${id}:${id}`, '--', profileFolder]);
  env.HOME = profileFolder;
}
