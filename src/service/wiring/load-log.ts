import type { SettledLoad } from '../../library/cache/index.ts';
import type { Dependencies } from './dependencies.ts';

/** Keys whose last failure is remembered. */
const MAX_KEYS = 1000;

/**
 * Logs when the loads of a key begin to fail, when they fail with another message, and when they succeed again. A source
 * that is down for hours would otherwise add a line, with its stack, at every refresh.
 */
export class LoadLog {
  readonly #log: Dependencies['logger'];
  readonly #failures = new Map<string, string>();

  constructor(log: Dependencies['logger']) {
    this.#log = log;
  }

  failed(err: unknown, key: string): void {
    const message = String(err);
    if (this.#failures.get(key) === message) return;
    this.#failures.set(key, message);
    if (this.#failures.size > MAX_KEYS) this.#failures.delete(this.#failures.keys().next().value!);
    this.#log.warn({ err, key }, 'load failed: serving the last good value');
  }

  settled({ key, succeeded }: SettledLoad): void {
    if (succeeded && this.#failures.delete(key)) this.#log.info({ key }, 'load succeeded again');
  }
}
