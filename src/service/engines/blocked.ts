import type { BreakerSnapshot } from './breaker.ts';

/** Why no engine can be provisioned now. */
export interface Blocked {
  code: 'vpn_disconnected' | 'circuit_breaker' | 'max_capacity';
  message: string;
  /** Whole seconds after which another attempt may succeed; null if waiting does not help. */
  recoveryEtaS: number | null;
  canRetry: boolean;
  shouldWait: boolean;
}

export interface ProvisioningState {
  vpn: { enabled: boolean; connected: boolean };
  breaker: Pick<BreakerSnapshot, 'recoveryEtaS'> & { allows: boolean };
  /** Engines that run, start or are being provisioned. */
  engines: number;
  maxReplicas: number;
}

/** What a VPN usually takes to come back. */
const VPN_ETA_S = 60;
/** What an attempt usually takes: with 0, clients would try again without a pause while a probe is under way. */
const PROBE_ETA_S = 2;

export const VPN_DISCONNECTED: Blocked = {
  code: 'vpn_disconnected',
  message: 'The VPN is not connected',
  recoveryEtaS: VPN_ETA_S,
  canRetry: true,
  shouldWait: true,
};

/** The first reason that holds, in the order in which an operator would mend them. */
export function findBlock({ vpn, breaker, engines, maxReplicas }: ProvisioningState): Blocked | null {
  if (vpn.enabled && !vpn.connected) return VPN_DISCONNECTED;
  if (!breaker.allows) {
    return {
      code: 'circuit_breaker',
      message: 'Provisioning pauses after repeated failures',
      recoveryEtaS: breaker.recoveryEtaS || PROBE_ETA_S,
      canRetry: false,
      shouldWait: true,
    };
  }
  if (engines >= maxReplicas) {
    return {
      code: 'max_capacity',
      message: `All ${maxReplicas} engines that MAX_REPLICAS allows are there`,
      recoveryEtaS: null,
      canRetry: false,
      shouldWait: false,
    };
  }
  return null;
}
