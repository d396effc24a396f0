import { describe, expect, test } from 'vitest';
import { RoundhouseError } from '../../../../src/service/errors.ts';
import { settle } from '../../../support/fake-clock.ts';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { startFakeApp } from '../../../support/service/app.ts';
import { FakeVpn } from '../../../support/service/fake-vpn.ts';
import { NO_EMERGENCY } from '../../vpn/fixtures.ts';

const SETTINGS = {
  VPN_MODE: 'redundant',
  GLUETUN_CONTAINER_NAME: 'one',
  GLUETUN_CONTAINER_NAME_2: 'two',
  MAX_REPLICAS: '6',
};

async function start(settings = {}) {
  const vpnContainers = new FakeVpn('one', 'two');
  const app = await startFakeApp({ vpnContainers, settings: { ...SETTINGS, ...settings } });
  const vpnStatus = async () => {
    const reply = await app.get('/vpn/status');
    assertDocumented('GET', '/vpn/status', reply);
    return reply.body;
  };
  /** The VPN of each engine. */
  const placed = async () =>
    ((await app.get('/engines')).body as { vpn_container: string }[]).map((engine) => engine.vpn_container);
  return { app, vpnContainers, vpnStatus, placed };
}

describe('two VPNs', () => {
  test('are described in one documented response', async () => {
    const { app, vpnStatus } = await start();
    await using _ = app;
    expect(await vpnStatus()).toMatchObject({
      mode: 'redundant',
      connected: true,
      container: 'one',
      vpn1: { container: 'one', health: 'healthy' },
      vpn2: { container: 'two', health: 'healthy' },
    });
  });

  test('share engines that are provisioned at once', async () => {
    const { app, placed } = await start();
    await using _ = app;
    await Promise.all(Array.from({ length: 4 }, () => app.post('/provision/acestream')));
    expect((await placed()).sort()).toEqual(['one', 'one', 'two', 'two']);
  });

  test('of which one fails are an emergency in every response', async () => {
    const { app, vpnContainers, vpnStatus, placed } = await start({ MIN_REPLICAS: '4' });
    await using _ = app;
    await app.clock.advanceAsync(1000);
    expect((await placed()).sort()).toEqual(['one', 'one', 'two', 'two']);
    const survivors = app.runtime.specs
      .filter(({ vpnContainer }) => vpnContainer === 'two')
      .map(({ name }) => name);

    vpnContainers.change({ health: 'unhealthy' }, 'one');
    await settle();
    expect(await vpnStatus()).toMatchObject({
      connected: true,
      container: 'two',
      emergency_mode: { active: true, failed_vpn: 'one', healthy_vpn: 'two', duration_seconds: 0 },
    });
    expect((await app.get('/orchestrator/status')).body).toMatchObject({
      vpn: { connected: true, container: 'two' },
      provisioning: { can_provision: true },
    });
    await app.clock.advanceAsync(5000);
    expect(await placed()).toEqual(['two', 'two', 'two', 'two']);
    const names = [...app.runtime.engines.values()].map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(survivors));
    // The cached state may be this much older.
    expect((await vpnStatus()).emergency_mode.duration_seconds).toBeGreaterThanOrEqual(2);

    vpnContainers.change({ health: 'healthy' }, 'one');
    await settle();
    expect((await vpnStatus()).emergency_mode).toEqual(NO_EMERGENCY);
    await app.post('/provision/acestream');
    expect((await placed()).sort()).toEqual(['one', 'two', 'two', 'two', 'two']);
  });

  test('that both fail keep their engines and block provisioning', async () => {
    const { app, vpnContainers, vpnStatus, placed } = await start();
    await using _ = app;
    await Promise.all([1, 2].map(() => app.post('/provision/acestream')));
    vpnContainers.change({ health: 'unhealthy' }, 'one');
    vpnContainers.change({ health: 'unhealthy' }, 'two');
    await settle();
    expect(await vpnStatus()).toMatchObject({ connected: false, health: 'unhealthy' });
    expect((await app.post('/provision/acestream')).body.detail.code).toBe('vpn_disconnected');
    await app.clock.advanceAsync(30_000);
    expect((await placed()).length).toBeGreaterThan(0);
  });
});

test('a VPN that stays unhealthy is restarted every VPN_UNHEALTHY_RESTART_TIMEOUT_S', async () => {
  const { app, vpnContainers } = await start({ VPN_UNHEALTHY_RESTART_TIMEOUT_S: '20' });
  await using _ = app;
  vpnContainers.change({ health: 'unhealthy' }, 'two');
  await app.clock.advanceAsync(19_000);
  expect(vpnContainers.restarts).toEqual([]);
  await app.clock.advanceAsync(30_000);
  expect(vpnContainers.restarts).toEqual(['two', 'two']);
});

describe('the cached state of a VPN', () => {
  async function startCached(settings = {}) {
    const vpnContainers = new FakeVpn('one');
    const app = await startFakeApp({
      vpnContainers,
      settings: { GLUETUN_CONTAINER_NAME: 'one', CACHE_KEEP_WARM: 'false', ...settings },
    });
    // Without the first check of the supervisor.
    vpnContainers.inspections = 0;
    return { app, vpnContainers };
  }

  test('is one load and one entry for all routes and for provisioning', async () => {
    const { app, vpnContainers } = await startCached();
    await using _ = app;
    await Promise.all(['/vpn/status', '/orchestrator/status', '/vpn/publicip'].map((url) => app.get(url)));
    await app.post('/provision/acestream');
    await app.get('/vpn/status');
    expect(vpnContainers.inspections).toBe(1);
    const { entries } = (await app.get('/cache/stats')).body;
    const keys = entries.map(({ key }: { key: string }) => key);
    expect(keys.filter((key: string) => key.startsWith('vpn:'))).toEqual(['vpn:status']);
  });

  test('has one age in every response', async () => {
    const { app } = await startCached();
    await using _ = app;
    await app.get('/vpn/publicip');
    app.clock.advance(2000);
    expect((await app.get('/vpn/status')).headers).toMatchObject({
      age: '2',
      'cache-status': 'roundhouse; hit; ttl=1',
    });
    app.clock.advance(1000);
    expect((await app.get('/vpn/status')).headers).toMatchObject({
      age: '0',
      'cache-status': 'roundhouse; fwd=miss; ttl=3',
    });
  });

  test('is served stale, with its age and the same bytes, while Docker does not respond', async () => {
    const { app, vpnContainers } = await startCached();
    await using _ = app;
    const good = await app.get('/vpn/status');
    vpnContainers.inspect = () =>
      Promise.reject(new RoundhouseError('runtime_unavailable', 'Docker does not respond'));
    app.clock.advance(5000);
    const stale = await app.get('/vpn/status');
    expect(stale.text).toBe(good.text);
    expect(stale.headers).toMatchObject({
      age: '5',
      etag: good.headers.etag,
      'cache-status': 'roundhouse; fwd=stale; ttl=-2',
    });
    app.clock.advance(60_000);
    expect((await app.get('/vpn/status')).statusCode).toBe(503);
  });

  test('is not kept with the cache off', async () => {
    const { app, vpnContainers } = await startCached({ CACHE_ENABLED: 'false' });
    await using _ = app;
    for (let read = 1; read <= 2; read += 1) {
      expect((await app.get('/vpn/status')).headers['cache-status']).toBe('roundhouse; fwd=bypass');
      expect(vpnContainers.inspections).toBe(read);
    }
  });
});
