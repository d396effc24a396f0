import { randomUUID } from 'node:crypto';
import {
  RedisLink,
  type RedisOptions,
  TieredCache,
  type TieredCacheOptions,
} from '../../../src/library/redis/index.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** No deadline of these is to be met by a busy machine alone. */
export const PATIENT = { commandTimeoutMs: 20_000, connectTimeoutMs: 20_000, heartbeatMs: 60_000 };
export const SOON_MS = 20_000;

/** Two tests of one suite share a Redis, and nothing in it. */
export function freshNamespace(): string {
  return `test-${randomUUID()}`;
}

export async function connectedLink(url: string, options: Partial<RedisOptions> = {}): Promise<RedisLink> {
  const link = new RedisLink({ ...PATIENT, ...options, url });
  await waitUntil('the link is up', () => link.state === 'connected', SOON_MS);
  return link;
}

/** A process's view of Redis: a link and a cache over it, as another process would have them. */
export class Node<V> implements Disposable {
  readonly link: RedisLink;
  readonly cache: TieredCache<V>;
  readonly errors: unknown[] = [];

  constructor(url: string, options: TieredCacheOptions<V>, linkOptions: Partial<RedisOptions> = {}) {
    this.link = new RedisLink({ ...PATIENT, ...linkOptions, url });
    this.cache = new TieredCache<V>(this.link, { ...options, onError: (error) => this.errors.push(error) });
  }

  async up(): Promise<this> {
    const connected = () => this.link.state === 'connected' && this.cache.connected;
    await waitUntil('link and bus are up', connected, SOON_MS);
    return this;
  }

  [Symbol.dispose](): void {
    this.cache.close();
    this.link.close();
  }
}
