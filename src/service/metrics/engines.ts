import type { Registry } from '@prometheus-io/client';
import type { Engine } from '../engines/engine.ts';
import type { ResourceSample } from '../engines/runtime.ts';
import { counterOf, gauge, gaugeOf, type Sample } from './instruments.ts';

/** Engines with series of their own. More engines would slow scrapes down and fill Prometheus's memory. */
const MAX_ENGINES = 256;
const BY_ENGINE = ['engine'];
const BY_VPN = ['vpn'];
type Labels = Sample[0];

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
  const setHealthy = gaugeOf(
    registry,
    'roundhouse_engine_healthy',
    'Whether the last health check succeeded (1) or not (0). Absent before the first result.',
    BY_ENGINE,
  );
  const setStreams = gaugeOf(
    registry,
    'roundhouse_engine_streams',
    'Playing streams of an engine.',
    BY_ENGINE,
  );
  const setMemory = gaugeOf(
    registry,
    'roundhouse_engine_memory_bytes',
    'Memory in use, without the page cache.',
    BY_ENGINE,
  );
  const setLimit = gaugeOf(
    registry,
    'roundhouse_engine_memory_limit_bytes',
    "The engine's memory limit, or the machine's memory if there is no limit.",
    BY_ENGINE,
  );
  const setCpu = counterOf(
    registry,
    'roundhouse_engine_cpu_seconds_total',
    'CPU time of an engine on all cores.',
    BY_ENGINE,
  );
  const setEngineTraffic = trafficMetrics(registry, 'roundhouse_engine', BY_ENGINE);
  const setVpnTraffic = trafficMetrics(registry, 'roundhouse_vpn', BY_VPN);
  const setOmitted = gauge(
    registry,
    'roundhouse_engines_without_series',
    'Engines without series of their own, because there are more than 256.',
  );

  return ({ engines, streamCounts, samples }) => {
    const listed = engines.slice(0, MAX_ENGINES);
    setOmitted(engines.length - listed.length);
    setStreams(listed.map(({ id, name }) => [{ engine: name }, streamCounts.get(id) ?? 0]));
    const checked = listed.filter(({ health }) => health !== 'unknown');
    setHealthy(checked.map(({ name, health }) => [{ engine: name }, Number(health === 'healthy')]));

    const sampled = listed.flatMap((engine) => {
      const sample = samples.get(engine.id);
      return sample ? [{ ...engine, sample }] : [];
    });
    setCpu(sampled.map(({ name, sample }) => [{ engine: name }, sample.cpuNs / 1e9]));
    setMemory(sampled.map(({ name, sample }) => [{ engine: name }, sample.memoryUsage]));
    setLimit(sampled.map(({ name, sample }) => [{ engine: name }, sample.memoryLimit]));

    const own = sampled.filter(({ id, sample }) => sample.networkNamespace === id);
    setEngineTraffic(own.map(({ name, sample }) => [{ engine: name }, sample]));
    // All engines of a VPN have the same counters.
    const perVpn = new Map(
      sampled.flatMap(({ vpnContainer, sample }) => (vpnContainer ? [[vpnContainer, sample]] : [])),
    );
    setVpnTraffic([...perVpn].map(([vpn, sample]) => [{ vpn }, sample]));
  };
}

type Traffic = Pick<ResourceSample, 'networkRx' | 'networkTx'>;

/** Declares the counters of received and sent bytes. */
function trafficMetrics(registry: Registry, prefix: string, labelNames: readonly string[]) {
  const receivedName = `${prefix}_network_receive_bytes_total`;
  const sentName = `${prefix}_network_transmit_bytes_total`;
  const setReceived = counterOf(registry, receivedName, 'Bytes received.', labelNames);
  const setSent = counterOf(registry, sentName, 'Bytes sent.', labelNames);
  return (traffic: readonly (readonly [Labels, Traffic])[]) => {
    setReceived(traffic.map(([labels, { networkRx }]) => [labels, networkRx]));
    setSent(traffic.map(([labels, { networkTx }]) => [labels, networkTx]));
  };
}
