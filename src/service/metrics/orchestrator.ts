import type { Registry } from '@prometheus-io/client';
import type { DomainState } from './domain.ts';
import { gauge, gaugeBy } from './figures.ts';
import type { KnownVpn } from './vpn.ts';

const VPN_STATES = ['healthy', 'unhealthy', 'unknown', 'disabled', 'starting'] as const;
type VpnGaugeState = (typeof VPN_STATES)[number];

/** `orch_*`: gauges with the names and meanings that dashboards of AceStream orchestrators read. */
export function orchestratorMetrics(registry: Registry): (facts: DomainState) => void {
  const setStreams = gauge(registry, 'orch_total_streams', 'Streams that play.');
  const setHealthy = gauge(registry, 'orch_healthy_engines', 'Healthy engines.');
  const setUnhealthy = gauge(registry, 'orch_unhealthy_engines', 'Unhealthy engines.');
  const setUsed = gauge(registry, 'orch_used_engines', 'Engines that play a stream.');
  const setExtra = gauge(registry, 'orch_extra_engines', 'Engines above MIN_REPLICAS.');
  const setVpn = vpnHealth(registry, 'orch_vpn_health', 'Health of the VPN, as far as it is known.');
  const setVpn1 = vpnHealth(registry, 'orch_vpn1_health', 'Health of the first VPN.');
  const setVpn2 = vpnHealth(registry, 'orch_vpn2_health', 'Health of the second VPN.');
  const setVpn1Engines = gauge(registry, 'orch_vpn1_engines', 'Engines behind the first VPN.');
  const setVpn2Engines = gauge(registry, 'orch_vpn2_engines', 'Engines behind the second VPN.');
  return ({ engines, streams, vpns, minReplicas }) => {
    const count = (fits: (engine: (typeof engines)[number]) => boolean) => engines.filter(fits).length;
    setStreams(streams.active);
    setHealthy(count(({ health }) => health === 'healthy'));
    setUnhealthy(count(({ health }) => health === 'unhealthy'));
    setUsed(count(({ id }) => streams.engineIds.has(id)));
    setExtra(Math.max(0, engines.length - minReplicas));

    const [first, second] = vpns;
    const stateOf = (vpn: KnownVpn | undefined) => (vpn ? (vpn.health ?? 'unknown') : 'disabled');
    const behind = (vpn: KnownVpn | undefined) =>
      vpn ? count(({ vpnContainer }) => vpnContainer === vpn.name) : 0;
    // Of two, one that is healthy makes the whole healthy.
    setVpn(stateOf(vpns.find(({ health }) => health === 'healthy') ?? first));
    setVpn1(stateOf(first));
    setVpn2(stateOf(second));
    setVpn1Engines(behind(first));
    setVpn2Engines(behind(second));
  };
}

/** A state as dashboards know it: a series for each, of which one is 1, with the metric's own name as label. */
function vpnHealth(registry: Registry, name: string, help: string): (state: VpnGaugeState) => void {
  const set = gaugeBy<VpnGaugeState>(registry, name, help, name);
  return (state) => {
    const figures = VPN_STATES.map((known) => [known, known === state ? 1 : 0]);
    set(Object.fromEntries(figures) as Record<VpnGaugeState, number>);
  };
}
