import { randomUUID } from 'node:crypto';
import {
  RedisLink,
  type RedisOptions,
  TieredCache,
  type TieredCacheOptions,
} from '../../../src/library/redis/index.ts';
import { RedisNamespace } from '../../../src/library/redis/namespace.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Timeouts that a busy machine does not exceed. */
export const PATIENT = { commandTimeoutMs: 20_000, connectTimeoutMs: 20_000, heartbeatMs: 60_000 };
/** Timeout for events that normally take milliseconds. */
export const SOON_MS = 20_000;

/** A unique namespace, so that the tests of a suite can share one Redis server. */
export function freshNamespace(): string {
  return `test-${randomUUID()}`;
}

/**
 * A namespace whose state exists in Redis. The first command in a namespace creates the state and clears the memory of
 * all processes: a test that starts with {@link freshNamespace} may lose its values to that message.
 */
export async function createNamespace(url: string): Promise<string> {
  const name = freshNamespace();
  const link = await connectedLink(url);
  const namespace = new RedisNamespace(link, name, (error) => {
    throw error;
  });
  await namespace.latestChange();
  namespace.close();
  link.close();
  return name;
}

export async function connectedLink(url: string, options: Partial<RedisOptions> = {}): Promise<RedisLink> {
  const link = new RedisLink({ ...PATIENT, ...options, url });
  await waitUntil('the link is connected', () => link.state === 'connected', SOON_MS);
  return link;
}

/** A link with a cache over it, as one of several processes would have them. */
export class Node<V> implements Disposable {
  readonly link: RedisLink;
  readonly cache: TieredCache<V>;
  readonly errors: unknown[] = [];

  constructor(url: string, options: TieredCacheOptions<V>, linkOptions: Partial<RedisOptions> = {}) {
    this.link = new RedisLink({ ...PATIENT, ...linkOptions, url });
    this.cache = new TieredCache<V>(this.link, { ...options, onError: (error) => this.errors.push(error) });
  }

  /** Waits until commands are sent and invalidations are received. */
  async up(): Promise<this> {
    const connected = () => this.link.state === 'connected' && this.cache.connected;
    await waitUntil('link and channel are connected', connected, SOON_MS);
    return this;
  }

  [Symbol.dispose](): void {
    this.cache.close();
    this.link.close();
  }
}
