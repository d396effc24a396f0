import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { RemoteSession } from '../../../../src/service/browser/cluster/session-summary.ts';
import { type RedisServer, startRedis } from '../../../support/redis/redis.ts';
import { KEY, startApp, type TestApp, WITH_KEY } from '../../../support/service/app.ts';
import { waitUntil } from '../../../support/wait-until.ts';

export const WAIT_MS = 20_000;

/** Orchestrators that share browser apps in one namespace of Redis. */
export class TestCluster implements AsyncDisposable {
  readonly prefix = `test-${randomUUID()}`;
  readonly #redis: RedisServer;
  readonly #apps: TestApp[] = [];

  constructor(redis: RedisServer) {
    this.#redis = redis;
  }

  /** Starts an orchestrator, and waits until it has read what the others have published. */
  async start(settings: Record<string, string> = {}): Promise<TestApp> {
    const app = await startApp({
      settings: {
        REDIS_URL: this.#redis.url,
        REDIS_PREFIX: this.prefix,
        // Any program: nothing is started in these tests.
        CHROMIUM_PATH: process.execPath,
        API_KEY: KEY,
        ...settings,
      },
    });
    this.#apps.push(app);
    const count = this.#apps.length;
    await waitUntil('it is a member', async () => (await this.members()).length >= count, WAIT_MS);
    return app;
  }

  /** A key of browser apps. */
  key(name: string): string {
    return `${this.prefix}:{browser}:${name}`;
  }

  /** Ids of the orchestrators with a lease. */
  async members(): Promise<string[]> {
    return ((await this.command('HKEYS', this.key('members'))) as unknown[]).map(String);
  }

  /** Sends a command to Redis. */
  async command(...args: string[]): Promise<unknown> {
    return await this.#redis.command(...args);
  }

  /** Forgets an orchestrator that the test has closed. */
  forget(app: TestApp): void {
    this.#apps.splice(this.#apps.indexOf(app), 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#apps.map((app) => app[Symbol.asyncDispose]()));
  }
}

/** Body of an installation. */
export const APP = { workspace: 'w', app_id: 'a', manifest: { type: 'window', name: 'a' }, source: '<p>' };

/** Starts Redis for the tests of a `describe`, with a cluster of its own for each. */
export function useCluster(): { readonly cluster: TestCluster } {
  let redis: RedisServer;
  let cluster: TestCluster;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());
  beforeEach(() => {
    cluster = new TestCluster(redis);
  });
  afterEach(() => cluster[Symbol.asyncDispose]());
  return {
    get cluster() {
      return cluster;
    },
  };
}

/** Ids of the apps that an orchestrator lists. */
export async function idsOf(app: TestApp): Promise<string[]> {
  return (await call(app, 'GET', '/apps')).body.map(({ app_id }: { app_id: string }) => app_id);
}

/** Waits until an orchestrator lists these apps. */
export async function untilListed(app: TestApp, ids: string[]): Promise<void> {
  await waitUntil(`the apps are ${ids}`, async () => (await idsOf(app)).join() === ids.join(), WAIT_MS);
}

let count = 0;

/** A session of an orchestrator that the test pretends to be. */
export function remoteSession(change: Partial<RemoteSession> = {}): RemoteSession {
  count += 1;
  return {
    id: `session-${count}`,
    owner: `other-${count}`,
    revision: 1,
    workspace: 'w',
    appId: 'a',
    name: 'a',
    type: 'window',
    status: 'running',
    reason: null,
    code: null,
    mode: 'record',
    profile: null,
    isWarmUp: false,
    canExecute: true,
    restartOf: null,
    createdAt: 1_700_000_000_000,
    readyAt: 1_700_000_001_000,
    endedAt: null,
    startMs: 1000,
    requests: 0,
    hits: 0,
    bytesFromUpstream: 0,
    memoryBytes: null,
    ...change,
  };
}

/** Sends a request with the key. */
export async function call(app: TestApp, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) {
  return await app.request(method, path, { headers: WITH_KEY, ...(body && { body }) });
}
