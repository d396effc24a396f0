import { readFileSync } from 'node:fs';
import type { BrowserContext } from 'playwright-core';

/**
 * Chromium aborts all its requests with this error when a network interface is added or removed, as by a container of
 * another test. No command-line switch prevents it.
 */
export const NETWORK_CHANGED = 'net::ERR_NETWORK_CHANGED';
const MAX_ATTEMPTS = 10;
const POLL_MS = 20;

/** Observes whether the network interfaces of this machine change, and requests that Chromium aborts because of it. */
export class NetworkChanges implements Disposable {
  readonly #aborted = Promise.withResolvers<never>();
  readonly #interfaces = interfaceNames();
  readonly #timer: NodeJS.Timeout;
  #occurred = false;

  constructor() {
    this.#aborted.promise.catch(() => {});
    this.#timer = setInterval(() => this.#check(), POLL_MS);
  }

  /** Whether something changed. */
  get occurred(): boolean {
    this.#check();
    return this.#occurred;
  }

  /** Observes the pages of a context. Playwright reports requests neither of SharedWorkers nor of WebSockets. */
  watch(context: BrowserContext): void {
    context.on('requestfailed', (request) => {
      if (request.failure()?.errorText !== NETWORK_CHANGED) return;
      this.#occurred = true;
      this.#aborted.reject(new Error('a request was aborted because the network changed'));
    });
  }

  /** Settles like a promise, but rejects as soon as a request of a page is aborted. */
  race<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#aborted.promise]);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    this.#occurred ||= interfaceNames() !== this.#interfaces;
  }
}

/** Also those without an address, which `os.networkInterfaces` omits. Empty on other systems than Linux. */
function interfaceNames(): string {
  try {
    return readFileSync('/proc/net/dev', 'utf8').replaceAll(/:.*$/gm, '');
  } catch {
    return '';
  }
}

/**
 * Runs a part of a test, and runs it again if it fails while the network changes. Each run needs its own state, such as
 * a namespace.
 */
export async function despiteNetworkChanges<T>(run: (changes: NetworkChanges) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    using changes = new NetworkChanges();
    try {
      return await run(changes);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !changes.occurred) throw error;
    }
  }
}
