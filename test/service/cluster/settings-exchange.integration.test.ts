import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { isCustomVariant } from '../../../src/service/api/schemas/custom-variant.ts';
import { SettingsExchange } from '../../../src/service/cluster/settings-exchange.ts';
import { defaultVariant } from '../../../src/service/engines/custom-variant.ts';
import { CustomVariantStore } from '../../../src/service/engines/custom-variant-store.ts';
import { connectedLink, freshNamespace, SOON_MS } from '../../library/redis/support.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';

const SYNC_INTERVAL_MS = 10_000;

describeWithRedis('settings of engines', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const key = (prefix: string) => `${prefix}:{engine-settings}:current`;
  const subscribers = async (prefix: string) =>
    Number(
      ((await server.command('PUBSUB', 'NUMSUB', `${prefix}:{engine-settings}:changes`)) as unknown[])[1],
    );

  /** The settings of one orchestrator and their exchange. */
  async function orchestrator(prefix: string) {
    const dataDir = await mkdtemp(join(tmpdir(), 'roundhouse-settings-'));
    const clock = new FakeClock();
    const link = await connectedLink(server.url, { prefix, clock });
    const store = new CustomVariantStore(dataDir, isCustomVariant);
    const errors: unknown[] = [];
    const exchange = new SettingsExchange({ link, settings: store, onError: (error) => errors.push(error) });
    onTestFinished(async () => {
      exchange.close();
      link.close();
      await rm(dataDir, { recursive: true, force: true });
    });
    const start = async () => {
      const before = await subscribers(prefix);
      exchange.start();
      await waitUntil('it is subscribed', async () => (await subscribers(prefix)) > before, SOON_MS);
    };
    const limit = () => store.config.memory_limit;
    const setLimit = (memory_limit: string) => store.setConfig({ ...defaultVariant(), memory_limit });
    const untilLimit = (expected: string) =>
      waitUntil(`the memory limit is ${expected}`, () => limit() === expected, SOON_MS);
    return { clock, dataDir, errors, link, store, start, limit, setLimit, untilLimit };
  }

  async function two() {
    const prefix = freshNamespace();
    const [a, b] = [await orchestrator(prefix), await orchestrator(prefix)];
    await a.start();
    await b.start();
    return { a, b, prefix };
  }

  test('that are changed at one orchestrator apply to all, and are stored by all', async () => {
    const { a, b } = await two();
    await a.setLimit('1g');
    await b.untilLimit('1g');
    await b.setLimit('2g');
    await a.untilLimit('2g');
    await b.store.setTemplate(3, { name: 'small', config: b.store.config });
    await waitUntil('the template is shared', () => a.store.template(3)?.name === 'small', SOON_MS);
    const stored = async () => JSON.parse(await readFile(join(a.dataDir, 'engine-settings.json'), 'utf8'));
    await waitUntil('it is stored', async () => (await stored()).templates[3]?.name === 'small', SOON_MS);
    expect([a.errors, b.errors]).toEqual([[], []]);
  });

  test('apply to an orchestrator that starts later, unless its own are newer', async () => {
    const prefix = freshNamespace();
    const [a, b, c] = [await orchestrator(prefix), await orchestrator(prefix), await orchestrator(prefix)];
    await a.setLimit('1g');
    await a.start();
    await b.start();
    await b.untilLimit('1g');
    await c.setLimit('3g');
    await c.start();
    await Promise.all([a.untilLimit('3g'), b.untilLimit('3g')]);
    expect(c.limit()).toBe('3g');
  });

  test('are published again after Redis has lost its data', async () => {
    const { a, b, prefix } = await two();
    await a.setLimit('1g');
    await b.untilLimit('1g');
    await server.command('DEL', key(prefix));
    await a.clock.advanceAsync(SYNC_INTERVAL_MS);
    await waitUntil(
      'they are published',
      async () => String(await server.command('GET', key(prefix))).includes('"1g"'),
      SOON_MS,
    );
  });

  test('are published again if a value of another type has replaced them', async () => {
    const { a, b, prefix } = await two();
    await a.setLimit('1g');
    await b.untilLimit('1g');
    await server.command('DEL', key(prefix));
    await server.command('RPUSH', key(prefix), 'x');
    await a.setLimit('2g');
    await b.untilLimit('2g');
    expect([a.errors, b.errors]).toEqual([[], []]);
  });

  test.each(['', 'null', '7', '[]', '{"changedAt":9e15}', '{"config":7,"changedAt":1e300}', '\u0000'])(
    'that are not valid are replaced: %j',
    async (garbage) => {
      const { a, b, prefix } = await two();
      await a.setLimit('1g');
      await b.untilLimit('1g');
      await server.command('SET', key(prefix), garbage);
      await a.setLimit('2g');
      await b.untilLimit('2g');
      expect([a.errors, b.errors]).toEqual([[], []]);
    },
  );
});
