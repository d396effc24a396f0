import type { RedisLink } from '../../library/redis/index.ts';
import { readOrReset } from '../redis/read-or-reset.ts';
import { Synchronization } from './synchronization.ts';

/**
 * Replaces the settings in Redis, unless they have changed meanwhile, and announces it.
 * KEYS: settings, channel. ARGV: settings as JSON, the text that they replace ('' for none). Returns whether they were
 * stored.
 */
const REPLACE = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('PUBLISH', KEYS[2], 'changed')
return 1
`;

/** Settings that are shared as a whole: of two versions, the one that was changed later is in effect. */
export interface SharedSettings {
  /** When they were changed last, in milliseconds since the epoch; 0 if they are the defaults. */
  readonly changedAt: number;
  /** The settings as JSON, with `changedAt`. */
  encode(): string;
  /**
   * Puts settings of another orchestrator into effect if they were changed later than these.
   * @returns whether the text are these settings or later ones; false for a text that is not valid
   * @throws Error if they cannot be stored; they are in effect nevertheless
   */
  adopt(encoded: string): Promise<boolean>;
  /** Calls a function after each change that was made here. @returns a function that ends it */
  onChange(listener: () => void): () => void;
}

/** Shares settings with all orchestrators over the same Redis. A change is announced at once. */
export class SettingsExchange {
  readonly #link: RedisLink;
  readonly #settings: SharedSettings;
  readonly #key: string;
  readonly #channel: string;
  readonly #sync: Synchronization;
  #unsubscribe = () => {};

  /** @param options.onError called when a synchronization fails while Redis is connected */
  constructor(options: { link: RedisLink; settings: SharedSettings; onError: (error: unknown) => void }) {
    const { link, settings, onError } = options;
    this.#link = link;
    this.#settings = settings;
    this.#key = `${link.prefix}:{engine-settings}:current`;
    this.#channel = `${link.prefix}:{engine-settings}:changes`;
    const synchronize = () => this.#synchronize();
    this.#sync = new Synchronization({ link, channel: this.#channel, synchronize, onError });
  }

  /** Begins to publish and to receive. */
  start(): void {
    this.#unsubscribe = this.#settings.onChange(() => this.#sync.trigger());
    this.#sync.start();
  }

  /** Ends publishing and receiving. The link stays open. */
  close(): void {
    this.#unsubscribe();
    this.#sync.close();
  }

  async #synchronize(): Promise<void> {
    const stored = String((await readOrReset(this.#link, ['GET', this.#key])) ?? '');
    if ((stored !== '' && (await this.#settings.adopt(stored))) || this.#settings.changedAt === 0) return;
    // If another orchestrator stores its settings meanwhile, its message starts one more synchronization.
    const values = [this.#settings.encode(), stored];
    await this.#link.send(['EVAL', REPLACE, '2', this.#key, this.#channel, ...values]);
  }
}
