import type { Registry } from '@prometheus-io/client';
import type { Engine } from '../engines/engine.ts';
import type { ResourceSample } from '../engines/runtime.ts';
import { counterSeries, gauge, gaugeSeries } from './instruments.ts';

/** Engines with series of their own. More engines would slow scrapes down and fill Prometheus's memory. */
const MAX_ENGINES = 256;

/** What the series of engines are made of, as held in memory. */
export interface EngineFigures {
  engines: readonly Engine[];
  /** Playing streams by id of their engine. */
  streamCounts: ReadonlyMap<string, number>;
  /** The latest samples by id of the engine, without those that are out of date. */
  samples: ReadonlyMap<string, ResourceSample>;
}

/**
 * Declares `roundhouse_engine_*`, labelled with the engine's name, for at most 256 engines. The traffic of engines that
 * share the network of a VPN container is reported once for the VPN.
 * @returns a function that sets them
 */
export function engineMetrics(registry: Registry): (figures: EngineFigures) => void {
  const byEngine = { registry, prefix: 'roundhouse_engine_', label: 'engine' };
  const byVpn = { registry, prefix: 'roundhouse_vpn_', label: 'vpn' };
  const setHealthy = gaugeSeries({
    ...byEngine,
    name: 'healthy',
    help: 'Whether the last health check succeeded (1) or not (0). Absent before the first result.',
  });
  const setStreams = gaugeSeries({ ...byEngine, name: 'streams', help: 'Playing streams of an engine.' });
  const setMemory = gaugeSeries({
    ...byEngine,
    name: 'memory_bytes',
    help: 'Memory in use, without the page cache.',
  });
  const setLimit = gaugeSeries({
    ...byEngine,
    name: 'memory_limit_bytes',
    help: "The engine's memory limit, or the machine's memory if there is no limit.",
  });
  const setCpu = counterSeries({
    ...byEngine,
    name: 'cpu_seconds_total',
    help: 'CPU time of an engine on all cores.',
  });
  const received = { name: 'network_receive_bytes_total', help: 'Bytes received.' };
  const transmitted = { name: 'network_transmit_bytes_total', help: 'Bytes sent.' };
  const setEngineReceived = counterSeries({ ...byEngine, ...received });
  const setEngineTransmitted = counterSeries({ ...byEngine, ...transmitted });
  const setVpnReceived = counterSeries({ ...byVpn, ...received });
  const setVpnTransmitted = counterSeries({ ...byVpn, ...transmitted });
  const setOmitted = gauge(
    registry,
    'roundhouse_engines_without_series',
    'Engines without series of their own, because there are more than 256.',
  );

  return ({ engines, streamCounts, samples }) => {
    const listed = engines.slice(0, MAX_ENGINES);
    setOmitted(engines.length - listed.length);
    setStreams(listed.map(({ id, name }) => [name, streamCounts.get(id) ?? 0]));
    setHealthy(
      listed.flatMap(({ name, health }) =>
        health === 'unknown' ? [] : [[name, Number(health === 'healthy')]],
      ),
    );

    const sampled = listed.flatMap((engine) => {
      const sample = samples.get(engine.id);
      return sample ? [{ ...engine, sample }] : [];
    });
    setCpu(sampled.map(({ name, sample }) => [name, sample.cpuNs / 1e9]));
    setMemory(sampled.map(({ name, sample }) => [name, sample.memoryUsage]));
    setLimit(sampled.map(({ name, sample }) => [name, sample.memoryLimit]));

    const own = sampled.filter(({ id, sample }) => sample.networkNamespace === id);
    setEngineReceived(own.map(({ name, sample }) => [name, sample.networkRx]));
    setEngineTransmitted(own.map(({ name, sample }) => [name, sample.networkTx]));
    // All engines of a VPN have the same counters.
    const perVpn = new Map(
      sampled.flatMap(({ vpnContainer, sample }) => (vpnContainer ? [[vpnContainer, sample]] : [])),
    );
    setVpnReceived([...perVpn].map(([vpn, sample]) => [vpn, sample.networkRx]));
    setVpnTransmitted([...perVpn].map(([vpn, sample]) => [vpn, sample.networkTx]));
  };
}
