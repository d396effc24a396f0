import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../run.ts';

const VERSION = '15.34.2';
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache', import.meta.url));
const INSTALLED = join(CACHE, `firebase-tools-${VERSION}`);
const PROGRAM = fileURLToPath(new URL('firebase-child.ts', import.meta.url));
const INSTALL_TIMEOUT_MS = 300_000;

/**
 * The storage emulator of firebase-tools, in a process of its own. The package has 625 dependencies, so it is installed
 * apart from those of this project, when it is first used.
 */
export class FirebaseEmulator implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(url: string, folder: string, child: ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#child = child;
  }

  static async start(): Promise<FirebaseEmulator> {
    if (!existsSync(INSTALLED)) await install();
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-firebase-'));
    // It stores objects in the folder for temporary files, and its configuration in the home folder.
    const env = { ...process.env, TMPDIR: folder, HOME: folder, XDG_CONFIG_HOME: folder };
    const child = fork(PROGRAM, [INSTALLED], {
      env,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [url] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`the emulator exited with code ${code}`);
      }),
    ]);
    return new FirebaseEmulator(String(url), folder, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function install(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'unfinished-'));
  try {
    await writeFile(join(folder, 'package.json'), '{ "private": true }');
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--save-exact'];
    await run('npm', ['install', ...options, `firebase-tools@${VERSION}`], {
      cwd: folder,
      timeout: INSTALL_TIMEOUT_MS,
    });
    await rename(folder, INSTALLED);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
