import { describe, expect, test } from 'vitest';
import { type Family, figure } from '../../support/http/exposition.ts';
import { ExposedMetrics, engine } from './fixtures.ts';

/** The state of an `orch_vpn…_health` gauge: the label of the series that is 1. */
function stateOf(families: Map<string, Family>, name: string): string | undefined {
  const { samples } = families.get(name)!;
  expect(samples).toHaveLength(5);
  const exposed = samples.filter(({ value }) => value === 1);
  expect(exposed).toHaveLength(1);
  expect(samples.every(({ value }) => value === 0 || value === 1)).toBe(true);
  return exposed[0]?.labels[name];
}

function health(families: Map<string, Family>): (string | undefined)[] {
  return ['orch_vpn_health', 'orch_vpn1_health', 'orch_vpn2_health'].map((name) => stateOf(families, name));
}

function numbers(families: Map<string, Family>, ...names: string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, figure(families, `orch_${name}`)]));
}

describe('gauges for dashboards', () => {
  test('show engines and streams', async () => {
    using exposed = new ExposedMetrics();
    Object.assign(exposed.snapshot, {
      engines: [
        engine('a', { health: 'healthy' }),
        engine('b', { health: 'healthy' }),
        engine('c', { health: 'unhealthy' }),
        engine('d'),
      ],
      streams: {
        active: 5,
        byEngine: new Map([
          ['a', 1],
          ['c', 2],
          ['an engine that is gone', 2],
        ]),
      },
      minReplicas: 1,
    });
    expect(
      numbers(
        await exposed.scrape(),
        'total_streams',
        'healthy_engines',
        'unhealthy_engines',
        'used_engines',
        'extra_engines',
      ),
    ).toEqual({
      total_streams: 5,
      healthy_engines: 2,
      unhealthy_engines: 1,
      used_engines: 2,
      extra_engines: 3,
    });
    Object.assign(exposed.snapshot, { engines: [], minReplicas: 2 });
    expect(numbers(await exposed.scrape(), 'used_engines', 'extra_engines')).toEqual({
      used_engines: 0,
      extra_engines: 0,
    });
  });

  test('show transfers: speeds in MB/s, totals including ended streams', async () => {
    using exposed = new ExposedMetrics();
    const MB = 1024 * 1024;
    exposed.samples.set('s1', {
      peers: 3,
      speedDown: 1536,
      speedUp: 256,
      downloaded: 5 * MB,
      uploaded: MB,
    });
    exposed.samples.set('s2', { peers: null, speedDown: 512, downloaded: 1 * MB, uploaded: null });
    const names = [
      'total_peers',
      'total_download_speed_mbps',
      'total_upload_speed_mbps',
      'total_downloaded_bytes',
      'total_uploaded_bytes',
      'total_downloaded_mb',
      'total_uploaded_mb',
    ];
    expect(numbers(await exposed.scrape(), ...names)).toEqual({
      total_peers: 3,
      total_download_speed_mbps: 2,
      total_upload_speed_mbps: 0.25,
      total_downloaded_bytes: 6 * MB,
      total_uploaded_bytes: MB,
      total_downloaded_mb: 6,
      total_uploaded_mb: 1,
    });

    exposed.samples.get('s1')!.downloaded = 8 * MB;
    exposed.bus.publish({ type: 'stream_ended', streamId: 's1', engineId: null, reason: null });
    exposed.samples.delete('s1');
    expect(numbers(await exposed.scrape(), ...names)).toEqual({
      total_peers: 0,
      total_download_speed_mbps: 0.5,
      total_upload_speed_mbps: 0,
      total_downloaded_bytes: 9 * MB,
      total_uploaded_bytes: MB,
      total_downloaded_mb: 9,
      total_uploaded_mb: 1,
    });
  });

  test('show a VPN that is not configured', async () => {
    using exposed = new ExposedMetrics();
    const families = await exposed.scrape();
    expect(health(families)).toEqual(['disabled', 'disabled', 'disabled']);
    expect(numbers(families, 'vpn1_engines', 'vpn2_engines')).toEqual({ vpn1_engines: 0, vpn2_engines: 0 });
  });

  test('show one VPN, before and after its first observation', async () => {
    using exposed = new ExposedMetrics();
    exposed.snapshot.vpns = [{ name: 'gluetun', health: undefined }];
    exposed.snapshot.engines = [engine('a', { vpnContainer: 'gluetun' }), engine('b')];
    let families = await exposed.scrape();
    expect(health(families)).toEqual(['unknown', 'unknown', 'disabled']);
    expect(numbers(families, 'vpn1_engines', 'vpn2_engines')).toEqual({ vpn1_engines: 1, vpn2_engines: 0 });
    for (const state of ['healthy', 'unhealthy', 'starting', 'unknown'] as const) {
      exposed.snapshot.vpns = [{ name: 'gluetun', health: state }];
      families = await exposed.scrape();
      expect(health(families)).toEqual([state, state, 'disabled']);
    }
  });

  test.each([
    ['unhealthy', 'healthy', 'healthy'],
    ['healthy', 'unhealthy', 'healthy'],
    ['unhealthy', 'starting', 'unhealthy'],
    [undefined, 'unhealthy', 'unknown'],
  ] as const)('of two VPNs, %s and %s: the whole is %s', async (one, two, whole) => {
    using exposed = new ExposedMetrics();
    exposed.snapshot.vpns = [
      { name: 'one', health: one },
      { name: 'two', health: two },
    ];
    exposed.snapshot.engines = ['one', 'two', 'two'].map((vpnContainer, index) =>
      engine(`e${index}`, { vpnContainer }),
    );
    const families = await exposed.scrape();
    expect(health(families)).toEqual([whole, one ?? 'unknown', two]);
    expect(numbers(families, 'vpn1_engines', 'vpn2_engines')).toEqual({ vpn1_engines: 1, vpn2_engines: 2 });
  });
});
