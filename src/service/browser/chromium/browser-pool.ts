import type { Browser } from 'playwright-core';
import type { RunningBrowser } from './launch.ts';

interface Entry {
  users: number;
  readonly running: Promise<RunningBrowser>;
}

/** The right to use a browser. */
export interface BrowserUse {
  readonly browser: Browser;
  /** Ends the use. The last one closes the browser. */
  release(): Promise<void>;
}

/** One Chromium for each workspace, as long as it has sessions. A browser that has crashed is replaced. */
export class BrowserPool {
  readonly #launch: () => Promise<RunningBrowser>;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<Promise<void>>();

  constructor(launch: () => Promise<RunningBrowser>) {
    this.#launch = launch;
  }

  /** Number of browsers. */
  get size(): number {
    return this.#entries.size;
  }

  /** Returns the browser of a workspace, and launches it if there is none. Rejects with the error of the launch. */
  async use(workspace: string): Promise<BrowserUse> {
    let entry = this.#entries.get(workspace);
    if (!entry) {
      entry = { users: 0, running: this.#launch() };
      this.#entries.set(workspace, entry);
      void this.#forgetWhenEnded(workspace, entry);
    }
    const used = entry;
    used.users += 1;
    try {
      const { browser } = await used.running;
      let isReleased = false;
      const release = async () => {
        if (isReleased) return;
        isReleased = true;
        await this.#release(workspace, used);
      };
      return { browser, release };
    } catch (error) {
      await this.#release(workspace, used);
      throw error;
    }
  }

  /** Resolves when the browsers that are being closed have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#closing);
  }

  async #release(workspace: string, entry: Entry): Promise<void> {
    entry.users -= 1;
    if (entry.users > 0) return;
    this.#forget(workspace, entry);
    const closing = entry.running.then(
      (running) => running.close(),
      () => {},
    );
    this.#closing.add(closing);
    await closing.finally(() => this.#closing.delete(closing));
  }

  async #forgetWhenEnded(workspace: string, entry: Entry): Promise<void> {
    try {
      const { browser } = await entry.running;
      browser.once('disconnected', () => this.#forget(workspace, entry));
    } catch {
      this.#forget(workspace, entry);
    }
  }

  #forget(workspace: string, entry: Entry): void {
    if (this.#entries.get(workspace) === entry) this.#entries.delete(workspace);
  }
}
