import type { Registry } from '@prometheus-io/client';
import type { DomainSnapshot } from './domain.ts';
import { gauge, gaugeBy } from './instruments.ts';
import type { KnownVpn } from './vpn.ts';

const VPN_STATES = ['healthy', 'unhealthy', 'unknown', 'disabled', 'starting'] as const;
type VpnGaugeState = (typeof VPN_STATES)[number];

/**
 * Declares `orch_*`: gauges with the names and meanings that dashboards of AceStream orchestrators expect.
 * @returns a function that sets them
 */
export function orchestratorMetrics(registry: Registry): (snapshot: DomainSnapshot) => void {
  const setStreams = gauge(registry, 'orch_total_streams', 'Playing streams.');
  const setHealthy = gauge(registry, 'orch_healthy_engines', 'Healthy engines.');
  const setUnhealthy = gauge(registry, 'orch_unhealthy_engines', 'Unhealthy engines.');
  const setUsed = gauge(registry, 'orch_used_engines', 'Engines on which a stream plays.');
  const setExtra = gauge(registry, 'orch_extra_engines', 'Engines above MIN_REPLICAS.');
  const setVpn = vpnHealth(registry, 'orch_vpn_health', 'Last known health of the VPN.');
  const setVpn1 = vpnHealth(registry, 'orch_vpn1_health', 'Last known health of the first VPN.');
  const setVpn2 = vpnHealth(registry, 'orch_vpn2_health', 'Last known health of the second VPN.');
  const setVpn1Engines = gauge(registry, 'orch_vpn1_engines', 'Engines behind the first VPN.');
  const setVpn2Engines = gauge(registry, 'orch_vpn2_engines', 'Engines behind the second VPN.');
  return ({ engines, streams, vpns, minReplicas }) => {
    const count = (predicate: (engine: (typeof engines)[number]) => boolean) =>
      engines.filter(predicate).length;
    setStreams(streams.active);
    setHealthy(count(({ health }) => health === 'healthy'));
    setUnhealthy(count(({ health }) => health === 'unhealthy'));
    setUsed(count(({ id }) => streams.byEngine.has(id)));
    setExtra(Math.max(0, engines.length - minReplicas));

    const [first, second] = vpns;
    const stateOf = (vpn: KnownVpn | undefined) => (vpn ? (vpn.health ?? 'unknown') : 'disabled');
    const countBehind = (vpn: KnownVpn | undefined) =>
      vpn ? count(({ vpnContainer }) => vpnContainer === vpn.name) : 0;
    // Of two VPNs, one healthy VPN is enough.
    setVpn(stateOf(vpns.find(({ health }) => health === 'healthy') ?? first));
    setVpn1(stateOf(first));
    setVpn2(stateOf(second));
    setVpn1Engines(countBehind(first));
    setVpn2Engines(countBehind(second));
  };
}

/** A state set as dashboards expect it: a series per state, labelled with the metric's name, one of them 1. */
function vpnHealth(registry: Registry, name: string, help: string): (state: VpnGaugeState) => void {
  const set = gaugeBy<VpnGaugeState>(registry, name, help, name);
  return (state) => {
    const values = VPN_STATES.map((other) => [other, other === state ? 1 : 0]);
    set(Object.fromEntries(values) as Record<VpnGaugeState, number>);
  };
}
