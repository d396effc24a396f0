import { describe, expect, test } from 'vitest';
import type { ResourceSample } from '../../../src/service/engines/runtime.ts';
import type { Family } from '../../support/http/exposition.ts';
import { ExposedMetrics, engine } from './fixtures.ts';

function sample(change: Partial<ResourceSample> = {}): ResourceSample {
  return {
    takenAt: 1000,
    startedAt: 1,
    cpuNs: 2_500_000_000,
    memoryUsage: 100,
    memoryLimit: 400,
    networkRx: 10,
    networkTx: 20,
    blockRead: 0,
    blockWrite: 0,
    networkNamespace: null,
    ...change,
  };
}

/** Values of a metric by the value of its only label. */
function valuesOf(families: Map<string, Family>, name: string): Record<string, number> {
  const samples = families.get(name)?.samples ?? [];
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels)[0], value]));
}

describe('the series of engines', () => {
  test('have the name of the engine, and end with it', async () => {
    using exposed = new ExposedMetrics();
    exposed.snapshot.engines = [
      engine('a', { health: 'healthy' }),
      engine('b', { health: 'unhealthy' }),
      engine('c"\n', { health: 'unknown' }),
    ];
    exposed.snapshot.streams = { active: 2, byEngine: new Map([['a', 2]]) };
    exposed.snapshot.samples = new Map([
      ['a', sample({ networkNamespace: 'a' })],
      ['b', sample({ memoryUsage: 200 })],
      ['an engine that is gone', sample()],
    ]);
    const families = await exposed.scrape();
    const values = (name: string) => valuesOf(families, `roundhouse_engine_${name}`);
    expect(values('healthy')).toEqual({ a: 1, b: 0 });
    expect(values('streams')).toEqual({ a: 2, b: 0, 'c\\"\\n': 0 });
    expect(values('cpu_seconds_total')).toEqual({ a: 2.5, b: 2.5 });
    expect(values('memory_bytes')).toEqual({ a: 100, b: 200 });
    expect(values('memory_limit_bytes')).toEqual({ a: 400, b: 400 });
    // The counters of an engine in its host's network are those of the host.
    expect(values('network_receive_bytes_total')).toEqual({ a: 10 });
    expect(values('network_transmit_bytes_total')).toEqual({ a: 20 });

    exposed.snapshot.engines = [];
    const later = await exposed.scrape();
    for (const name of ['healthy', 'streams', 'cpu_seconds_total', 'memory_bytes'])
      expect(valuesOf(later, `roundhouse_engine_${name}`)).toEqual({});
  });

  test('contain the traffic of a VPN once', async () => {
    using exposed = new ExposedMetrics();
    exposed.snapshot.engines = ['a', 'b'].map((id) => engine(id, { vpnContainer: 'gluetun' }));
    const behindVpn = sample({ networkNamespace: 'container of gluetun' });
    exposed.snapshot.samples = new Map([
      ['a', behindVpn],
      ['b', behindVpn],
    ]);
    const families = await exposed.scrape();
    expect(valuesOf(families, 'roundhouse_vpn_network_receive_bytes_total')).toEqual({ gluetun: 10 });
    expect(valuesOf(families, 'roundhouse_vpn_network_transmit_bytes_total')).toEqual({ gluetun: 20 });
    expect(valuesOf(families, 'roundhouse_engine_network_receive_bytes_total')).toEqual({});
  });

  test('are those of at most 256 engines', async () => {
    using exposed = new ExposedMetrics();
    exposed.snapshot.engines = Array.from({ length: 300 }, (_, index) => engine(`engine-${index}`));
    const families = await exposed.scrape();
    expect(Object.keys(valuesOf(families, 'roundhouse_engine_streams'))).toHaveLength(256);
    expect(families.get('roundhouse_engines_without_series')!.samples[0]!.value).toBe(44);
  });
});
