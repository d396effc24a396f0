import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startChildren } from './children.ts';
import { freshNamespace, SOON_MS } from './support.ts';

// Starting processes is slow on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

/** The source of the processes' values. It counts requests and responds when a test calls `respond`. */
class Origin {
  readonly waiting: ServerResponse[] = [];
  requests = 0;
  readonly #server: Server = createServer((_, response) => {
    this.requests += 1;
    this.waiting.push(response);
  });

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  respond(body: string): void {
    for (const response of this.waiting.splice(0)) response.end(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describeWithRedis('several processes sharing one Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('four processes load a missing key once', async () => {
    await using origin = await new Origin().listen();
    await using children = await startChildren(4, server.url, freshNamespace());
    const command = { do: 'read', key: 'k', originUrl: origin.url, ttlS: 60 } as const;
    const reads = children.flatMap((child) => [child.run(command), child.run(command), child.run(command)]);
    await waitUntil('the origin is requested', () => origin.requests === 1, SOON_MS);
    origin.respond('once');
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 12 }, () => 'once'));
    expect(origin.requests).toBe(1);
  });

  test('if the process that loads a key is killed, another one loads it', async () => {
    await using origin = await new Origin().listen();
    await using children = await startChildren(3, server.url, freshNamespace());
    const command = { do: 'read', key: 'k', originUrl: origin.url, ttlS: 60 } as const;
    const [victim, ...others] = children;
    void victim!.run(command);
    await waitUntil('the first process loads', () => origin.requests === 1, SOON_MS);
    const reads = others.map((child) => child.run(command));
    victim!.kill('SIGKILL');
    origin.waiting.pop()?.destroy();
    await waitUntil('another process loads', () => origin.requests === 2, SOON_MS);
    origin.respond('new');
    expect(await Promise.all(reads)).toEqual(['new', 'new']);
    expect(origin.requests).toBe(2);
  });

  test('an invalidation reaches the memory of all processes, including one that was suspended', async () => {
    await using origin = await new Origin().listen();
    await using children = await startChildren(3, server.url, freshNamespace());
    const [a, b, c] = children;
    const command = { do: 'read', key: 'k', originUrl: origin.url, ttlS: 60 } as const;
    const reads = children.map((child) => child.run(command));
    await waitUntil('the origin is requested', () => origin.requests === 1, SOON_MS);
    origin.respond('old');
    expect(await Promise.all(reads)).toEqual(['old', 'old', 'old']);
    c!.kill('SIGSTOP');
    await a!.run({ do: 'invalidate', pattern: 'k' });
    const gone = (child: typeof a) => async () =>
      ((await child!.run({ do: 'peek', key: 'k' })) as { value?: unknown }).value === undefined;
    await waitUntil('the second process has invalidated it', gone(b), SOON_MS);
    c!.kill('SIGCONT');
    await waitUntil('the third process has invalidated it', gone(c), SOON_MS);
    const again = children.map((child) => child.run(command));
    await waitUntil('the origin is requested again', () => origin.requests === 2, SOON_MS);
    origin.respond('new');
    expect(await Promise.all(again)).toEqual(['new', 'new', 'new']);
  });

  test('a process that has closed everything exits by itself', async () => {
    await using children = await startChildren(1, server.url, freshNamespace());
    await children[0]!.run({ do: 'elect', leaseS: 10 });
    expect(await children[0]!.close()).toBe(0);
    expect(children[0]!.stderr).toBe('');
  });

  test('one of three candidates leads; if it is killed, another one leads within the lease', async () => {
    await using children = await startChildren(3, server.url, freshNamespace());
    for (const child of children) await child.run({ do: 'elect', leaseS: 3 });
    const leaders = () => children.filter(({ gained, lost }) => gained.length > lost.length);
    await waitUntil('one leads', () => leaders().length === 1, SOON_MS);
    const [first] = leaders();
    first!.kill('SIGKILL');
    const others = children.filter((child) => child !== first);
    await waitUntil('another process leads', () => others.some(({ gained }) => gained.length > 0), SOON_MS);
    expect(others.filter(({ gained }) => gained.length > 0)).toHaveLength(1);
    expect(others.flatMap(({ gained }) => gained)[0]).toBeGreaterThan(first!.gained[0]!);
  });

  test('a leader that was suspended for longer than its lease steps down when it resumes', async () => {
    await using children = await startChildren(2, server.url, freshNamespace());
    const [a, b] = children;
    await a!.run({ do: 'elect', leaseS: 3 });
    await waitUntil('the first leads', () => a!.gained.length === 1, SOON_MS);
    a!.kill('SIGSTOP');
    await b!.run({ do: 'elect', leaseS: 3 });
    await waitUntil('the second leads', () => b!.gained.length === 1, SOON_MS);
    a!.kill('SIGCONT');
    await waitUntil('the first has stepped down', () => a!.lost.length === 1, SOON_MS);
    expect(a!.lost[0]).toBe(a!.gained[0]);
    expect(b!.gained[0]).toBeGreaterThan(a!.gained[0]!);
  });

  test('after a leader closes its lease, another process leads without waiting for it to expire', async () => {
    await using children = await startChildren(2, server.url, freshNamespace());
    const [a, b] = children;
    await a!.run({ do: 'elect', leaseS: 3600 });
    await waitUntil('the first leads', () => a!.gained.length === 1, SOON_MS);
    await a!.close();
    await b!.run({ do: 'elect', leaseS: 3600 });
    await waitUntil('the second leads', () => b!.gained.length === 1, SOON_MS);
  });
});
