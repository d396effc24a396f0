import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { SessionTokens } from '../../../src/service/api/session-tokens.ts';
import { LogoutExchange } from '../../../src/service/cluster/logout-exchange.ts';
import { connectedLink, freshNamespace, SOON_MS } from '../../library/redis/support.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { KEY, startFakeApp } from '../../support/service/app.ts';
import { FakeRuntime } from '../../support/service/fake-runtime.ts';
import { waitUntil } from '../../support/wait-until.ts';

const SYNC_INTERVAL_MS = 10_000;
const HOUR_S = 3600;

/** A runtime in memory whose engines other orchestrators see too. */
class SharedRuntime extends FakeRuntime {
  override readonly isShared = true;
}

describeWithRedis('a log out', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const setOf = (prefix: string) => `${prefix}:{logouts}:revoked`;
  const published = async (prefix: string) => Number(await server.command('ZCARD', setOf(prefix)));

  /** The tokens of one orchestrator and their exchange. */
  async function orchestrator(prefix: string, now = Date.now) {
    const dataDir = await mkdtemp(join(tmpdir(), 'roundhouse-logouts-'));
    const clock = new FakeClock();
    const link = await connectedLink(server.url, { prefix, clock });
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const open = () => new SessionTokens({ apiKey: KEY, dataDir, now, onError });
    const tokens = open();
    const exchange = new LogoutExchange({ link, tokens, onError });
    onTestFinished(async () => {
      exchange.close();
      link.close();
      await tokens.close();
      await rm(dataDir, { recursive: true, force: true });
    });
    const untilRevoked = (token: string) =>
      waitUntil('the token is revoked', () => !tokens.isValid(token), SOON_MS);
    return { clock, errors, exchange, open, tokens, untilRevoked };
  }

  async function two() {
    const prefix = freshNamespace();
    const [a, b] = [await orchestrator(prefix), await orchestrator(prefix)];
    a.exchange.start();
    b.exchange.start();
    return { a, b, prefix };
  }

  test('at one orchestrator makes the cookie invalid at all, also after their restart', async () => {
    const { a, b } = await two();
    const [left, kept] = [a.tokens.issue(HOUR_S), a.tokens.issue(HOUR_S)];
    expect([b.tokens.isValid(left), b.tokens.isValid(kept)]).toEqual([true, true]);
    await a.tokens.revoke(left);
    await b.untilRevoked(left);
    await waitUntil('it is stored', () => !b.open().isValid(left), SOON_MS);
    expect([b.tokens.isValid(kept), b.open().isValid(kept)]).toEqual([true, true]);
    expect([a.errors, b.errors]).toEqual([[], []]);
  });

  test('applies to an orchestrator that starts later, also after Redis has lost its data', async () => {
    const { a, b, prefix } = await two();
    const token = a.tokens.issue(HOUR_S);
    await a.tokens.revoke(token);
    await b.untilRevoked(token);
    await server.command('DEL', setOf(prefix));
    await a.clock.advanceAsync(SYNC_INTERVAL_MS);
    await waitUntil('it is published again', async () => (await published(prefix)) === 1, SOON_MS);
    const later = await orchestrator(prefix);
    later.exchange.start();
    await later.untilRevoked(token);
  });

  test('of a cookie that has expired is neither published nor kept in Redis', async () => {
    const prefix = freshNamespace();
    const late = await orchestrator(prefix, () => Date.now() - 2 * HOUR_S * 1000);
    await server.command('ZADD', setOf(prefix), '1', 'x'.repeat(22));
    const [expired, valid] = [late.tokens.issue(HOUR_S), late.tokens.issue(3 * HOUR_S)];
    await late.tokens.revoke(expired);
    await late.tokens.revoke(valid);
    late.exchange.start();
    const ids = async () =>
      ((await server.command('ZRANGE', setOf(prefix), '0', '-1')) as unknown[]).map(String);
    await waitUntil('one is published', async () => (await ids())[0] === valid.split('.')[1], SOON_MS);
    expect(await ids()).toHaveLength(1);
  });

  test('is exchanged whatever another program has written to Redis', async () => {
    const { a, b, prefix } = await two();
    await server.command('RPUSH', setOf(prefix), 'x');
    const [first, second] = [a.tokens.issue(HOUR_S), a.tokens.issue(HOUR_S)];
    await a.tokens.revoke(first);
    await b.untilRevoked(first);
    for (const [score, member] of [
      ['inf', 'a'.repeat(22)],
      ['1e300', '__proto__'],
      ['9999999999.5', 'b'.repeat(22)],
    ])
      await server.command('ZADD', setOf(prefix), score!, member!);
    await a.tokens.revoke(second);
    await b.untilRevoked(second);
    expect([...b.tokens.revoked.keys()]).toEqual([first, second].map((token) => token.split('.')[1]));
    expect([a.errors, b.errors]).toEqual([[], []]);
  });

  test('of the panel ends the login at the other orchestrator', async () => {
    const settings = { REDIS_URL: server.url, REDIS_PREFIX: freshNamespace(), AUTH_READS: 'true' };
    await using first = await startFakeApp({ settings }, new SharedRuntime());
    await using second = await startFakeApp({ settings }, new SharedRuntime());
    for (const app of [first, second]) {
      const isConnected = async () =>
        (await app.get('/health', { 'x-api-key': KEY })).body.cluster?.redis === 'connected';
      await waitUntil('it is connected', isConnected, SOON_MS);
    }
    const login = await first.request('POST', '/session', { body: { key: KEY } });
    const cookie = login.headers['set-cookie']![0]!.split(';')[0]!;
    const status = async () => (await second.get('/engines', { cookie })).status;
    expect(await status()).toBe(200);
    await first.request('DELETE', '/session', { headers: { cookie, 'x-roundhouse-panel': '1' } });
    await waitUntil('the copy is refused', async () => (await status()) === 401, SOON_MS);
  });
});
