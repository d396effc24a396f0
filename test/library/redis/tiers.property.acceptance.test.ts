import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RedisNamespace } from '../../../src/library/redis/namespace.ts';
import { settle } from '../../support/fake-clock.ts';
import { TcpProxy } from '../../support/http/tcp-proxy.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createNamespace, Node, SOON_MS } from './support.ts';

vi.setConfig({ testTimeout: 240_000 });

const KEYS = ['a:1', 'a:2', 'b:1'] as const;
const node = fc.nat(2);
const key = fc.constantFrom(...KEYS);
const pattern = fc.constantFrom('*', 'a:*', '?:1', 'a:1');

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), node, key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('finish' as const), choice: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), choice: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), node, pattern }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('set', 'delete'), node, key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('converge' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut', 'flush') }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

interface Value {
  readonly version: number;
}

interface PendingLoad {
  readonly finish: () => void;
  readonly fail: () => void;
}

/** Sources with version numbers, and three processes with caches over one Redis that invalidate changed keys. */
class World implements AsyncDisposable {
  readonly nodes: Node<Value>[] = [];
  readonly #server: RedisServer;
  readonly #proxies: TcpProxy[] = [];
  readonly #versions = new Map<string, number>(KEYS.map((key) => [key, 0]));
  /** Versions that each process has invalidated up to. It must never read an older one. */
  readonly #invalidated: Map<string, number>[] = [];
  readonly #pending: PendingLoad[] = [];
  readonly #reads = new Set<Promise<void>>();
  readonly #errors: unknown[] = [];

  constructor(server: RedisServer) {
    this.#server = server;
  }

  async start(): Promise<this> {
    const namespace = await createNamespace(this.#server.url);
    for (let index = 0; index < 3; index += 1) {
      const proxy = await new TcpProxy(this.#server.port).listen();
      this.#proxies.push(proxy);
      // Loads must not time out, so that what a process reads depends only on the order of events. A lease that a
      // lost connection has orphaned must expire soon, because each run waits for it.
      const options = { namespace, leaseS: 1, waitS: 1000, loadTimeoutS: 1000 };
      this.nodes.push(new Node<Value>(`redis://127.0.0.1:${proxy.port}`, options));
      this.#invalidated.push(new Map());
    }
    await Promise.all(this.nodes.map((node) => node.up()));
    return this;
  }

  async act(action: Action): Promise<void> {
    switch (action.do) {
      case 'read':
        return this.#read(action.node, action.key);
      case 'finish':
        return this.#take(action.choice)?.finish();
      case 'fail':
        return this.#take(action.choice)?.fail();
      case 'change':
        return this.#change(action.node, action.pattern);
      case 'set':
      case 'delete':
        return this.#write(action.do, action.node, action.key);
      case 'pause':
        return await new Promise((resolve) => setTimeout(resolve, 5));
      case 'converge':
        return await this.converge();
      case 'cut':
        for (const proxy of this.#proxies) proxy.cut();
        return;
      case 'flush':
        await this.#server.command('FLUSHALL');
    }
  }

  /** Waits until all reads have ended and each process has received the invalidations of the others. */
  async converge(): Promise<void> {
    while (this.#reads.size > 0) {
      for (const load of this.#pending.splice(0)) load.finish();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await Promise.all(this.nodes.map((node) => node.up()));
    if (this.#errors.length > 0) throw this.#errors[0];
    for (const key of KEYS) {
      const invalidated = Math.max(...this.#invalidated.map((versions) => versions.get(key) ?? 0));
      for (const [index, { cache }] of this.nodes.entries()) {
        await waitUntil(
          `process ${index} reads version ${invalidated} of ${key}`,
          async () => {
            const load = () => ({ version: this.#versions.get(key)! });
            return (await cache.getOrLoad(key, load, { ttlS: 1000 })).version >= invalidated;
          },
          SOON_MS,
        );
        this.#invalidated[index]!.set(key, invalidated);
      }
    }
  }

  #read(index: number, key: string): void {
    const invalidated = this.#invalidated[index]!.get(key) ?? 0;
    const { cache } = this.nodes[index]!;
    const load = () => {
      const version = this.#versions.get(key)!;
      return new Promise<Value>((resolve, reject) => {
        this.#pending.push({
          finish: () => resolve({ version }),
          fail: () => reject(new Error('source is down')),
        });
      });
    };
    const read = cache.getOrLoad(key, load, { ttlS: 1000 }).then(
      ({ version }) => {
        expect(version, `${key} as process ${index} reads it`).toBeGreaterThanOrEqual(invalidated);
      },
      (error) => {
        if ((error as Error).message !== 'source is down') throw error;
      },
    );
    const settled = read
      .catch((error) => void this.#errors.push(error))
      .finally(() => this.#reads.delete(settled));
    this.#reads.add(settled);
  }

  #take(choice: number): PendingLoad | undefined {
    return this.#pending.splice(choice % Math.max(1, this.#pending.length), 1)[0];
  }

  #change(index: number, pattern: string): void {
    const matches = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
    for (const key of KEYS.filter((key) => matches.test(key))) this.#nextVersion(index, key);
    this.nodes[index]!.cache.invalidate(pattern);
  }

  /** A set and an invalidation by another process apply in the order in which Redis receives them, so a set is flushed. */
  async #write(what: 'set' | 'delete', index: number, key: string): Promise<void> {
    const version = this.#nextVersion(index, key);
    const { cache } = this.nodes[index]!;
    if (what === 'delete') cache.delete(key);
    else {
      cache.set(key, { version }, { ttlS: 1000 });
      await cache.flush();
    }
  }

  #nextVersion(index: number, key: string): number {
    const version = this.#versions.get(key)! + 1;
    this.#versions.set(key, version);
    this.#invalidated[index]!.set(key, version);
    return version;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const load of this.#pending.splice(0)) load.finish();
    for (const node of this.nodes) node[Symbol.dispose]();
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]();
    await settle();
  }
}

describeWithRedis('three processes sharing one Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function run(script: readonly Action[]) {
    await using world = await new World(server).start();
    for (const step of script) await world.act(step);
    await world.converge();
  }

  const scripts = fc.array(action, { minLength: 5, maxLength: 40 });

  test('no process reads a value it has invalidated, and all converge to the latest versions', async () => {
    await fc.assert(fc.asyncProperty(scripts, run), { numRuns: 40, endOnFailure: true });
  });

  test('the property fails if values invalidated during their load are stored', async () => {
    const store = vi.spyOn(RedisNamespace.prototype, 'store').mockImplementation(async function (
      this: RedisNamespace,
      lease,
      value,
    ) {
      if (value) await this.replace(lease.key, value.bytes, value.freshness.ttlS);
    });
    try {
      const property = fc.asyncProperty(scripts, run);
      expect(await fc.check(property, { numRuns: 200, endOnFailure: true })).toHaveProperty('failed', true);
    } finally {
      store.mockRestore();
    }
  });
});
