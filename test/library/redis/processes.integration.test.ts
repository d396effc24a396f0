import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { startChildren } from './children.ts';
import { freshNamespace, SOON_MS } from './support.ts';

// Processes are started, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

/** What the processes load from. It answers when told to, and counts. */
class Origin {
  readonly waiting: ServerResponse[] = [];
  calls = 0;
  readonly #server: Server = createServer((_, response) => {
    this.calls += 1;
    this.waiting.push(response);
  });

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  answer(body: string): void {
    for (const response of this.waiting.splice(0)) response.end(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describeWithRedis('several processes over one Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('four that all lack a key ask its source once', async () => {
    await using origin = await new Origin().listen();
    await using children = await startChildren(4, server.url, freshNamespace());
    const order = { do: 'read', key: 'k', originUrl: origin.url, ttlS: 60 } as const;
    const reads = children.flatMap((child) => [child.ask(order), child.ask(order), child.ask(order)]);
    await waitUntil('the source is asked', () => origin.calls === 1, SOON_MS);
    origin.answer('once');
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 12 }, () => 'once'));
    expect(origin.calls).toBe(1);
  });

  test('when the one that loads is killed, another one takes its place', async () => {
    await using origin = await new Origin().listen();
    await using children = await startChildren(3, server.url, freshNamespace());
    const order = { do: 'read', key: 'k', originUrl: origin.url, ttlS: 60 } as const;
    const [victim, ...others] = children;
    void victim!.ask(order);
    await waitUntil('the first loads', () => origin.calls === 1, SOON_MS);
    const reads = others.map((child) => child.ask(order));
    victim!.kill('SIGKILL');
    origin.waiting.pop()?.destroy();
    await waitUntil('another one loads', () => origin.calls === 2, SOON_MS);
    origin.answer('anew');
    expect(await Promise.all(reads)).toEqual(['anew', 'anew']);
    expect(origin.calls).toBe(2);
  });

  test('an invalidation reaches the memory of all, also of one that was suspended meanwhile', async () => {
    await using origin = await new Origin().listen();
    await using children = await startChildren(3, server.url, freshNamespace());
    const [a, b, c] = children;
    const order = { do: 'read', key: 'k', originUrl: origin.url, ttlS: 60 } as const;
    const reads = children.map((child) => child.ask(order));
    await waitUntil('the source is asked', () => origin.calls === 1, SOON_MS);
    origin.answer('old');
    expect(await Promise.all(reads)).toEqual(['old', 'old', 'old']);
    c!.kill('SIGSTOP');
    await a!.ask({ do: 'invalidate', pattern: 'k' });
    const gone = (child: typeof a) => async () =>
      ((await child!.ask({ do: 'peek', key: 'k' })) as { value?: unknown }).value === undefined;
    await waitUntil('the second has heard', gone(b), SOON_MS);
    c!.kill('SIGCONT');
    await waitUntil('the third has heard', gone(c), SOON_MS);
    const again = children.map((child) => child.ask(order));
    await waitUntil('the source is asked again', () => origin.calls === 2, SOON_MS);
    origin.answer('new');
    expect(await Promise.all(again)).toEqual(['new', 'new', 'new']);
  });

  test('a process that has closed everything ends by itself', async () => {
    await using children = await startChildren(1, server.url, freshNamespace());
    await children[0]!.ask({ do: 'stand', leaseS: 10 });
    expect(await children[0]!.close()).toBe(0);
    expect(children[0]!.stderr).toBe('');
  });

  test('of three that stand one leads; when it is killed, another one, within the lease', async () => {
    await using children = await startChildren(3, server.url, freshNamespace());
    for (const child of children) await child.ask({ do: 'stand', leaseS: 3 });
    const leaders = () => children.filter(({ gained, lost }) => gained.length > lost.length);
    await waitUntil('one leads', () => leaders().length === 1, SOON_MS);
    const [first] = leaders();
    first!.kill('SIGKILL');
    const heirs = children.filter((child) => child !== first);
    await waitUntil('another one leads', () => heirs.some(({ gained }) => gained.length > 0), SOON_MS);
    expect(heirs.filter(({ gained }) => gained.length > 0)).toHaveLength(1);
    expect(heirs.flatMap(({ gained }) => gained)[0]).toBeGreaterThan(first!.gained[0]!);
  });

  test('a leader that was suspended beyond its lease finds itself out of office', async () => {
    await using children = await startChildren(2, server.url, freshNamespace());
    const [a, b] = children;
    await a!.ask({ do: 'stand', leaseS: 3 });
    await waitUntil('the first leads', () => a!.gained.length === 1, SOON_MS);
    a!.kill('SIGSTOP');
    await b!.ask({ do: 'stand', leaseS: 3 });
    await waitUntil('the second leads', () => b!.gained.length === 1, SOON_MS);
    a!.kill('SIGCONT');
    await waitUntil('the first has noticed', () => a!.lost.length === 1, SOON_MS);
    expect(a!.lost[0]).toBe(a!.gained[0]);
    expect(b!.gained[0]).toBeGreaterThan(a!.gained[0]!);
  });

  test('a leader that resigns is followed without waiting for the end of its lease', async () => {
    await using children = await startChildren(2, server.url, freshNamespace());
    const [a, b] = children;
    await a!.ask({ do: 'stand', leaseS: 3600 });
    await waitUntil('the first leads', () => a!.gained.length === 1, SOON_MS);
    await a!.close();
    await b!.ask({ do: 'stand', leaseS: 3600 });
    await waitUntil('the second leads', () => b!.gained.length === 1, SOON_MS);
  });
});
