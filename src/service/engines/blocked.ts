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

/** Input of {@link findBlock}. */
export interface ProvisioningState {
  vpn: { enabled: boolean; connected: boolean };
  breaker: Pick<BreakerSnapshot, 'recoveryEtaS'> & { allows: boolean };
  /** Number of engines, those being provisioned included. */
  engines: number;
  maxReplicas: number;
  /** Estimate of when an engine becomes free or is removed, in seconds. */
  capacityEtaS: number;
}

/** How long clients wait for an engine where idle ones are not removed. */
export const CAPACITY_ETA_S = 10;
/** Typical time for a VPN to reconnect. */
const VPN_ETA_S = 60;
/** Typical duration of a probe. With 0, clients would retry without a pause while a probe is in progress. */
const PROBE_ETA_S = 2;

/** The block while the VPN is not connected. */
export const VPN_DISCONNECTED: Blocked = {
  code: 'vpn_disconnected',
  message: 'The VPN is not connected',
  recoveryEtaS: VPN_ETA_S,
  canRetry: true,
  shouldWait: true,
};

/** Returns the first reason that applies, in the order in which an operator would fix them, or null. */
export function findBlock({
  vpn,
  breaker,
  engines,
  maxReplicas,
  capacityEtaS,
}: ProvisioningState): Blocked | null {
  if (vpn.enabled && !vpn.connected) return VPN_DISCONNECTED;
  if (!breaker.allows) {
    return {
      code: 'circuit_breaker',
      message: 'Provisioning is paused after repeated failures',
      recoveryEtaS: breaker.recoveryEtaS || PROBE_ETA_S,
      canRetry: false,
      shouldWait: true,
    };
  }
  if (engines >= maxReplicas) return maximumReached(maxReplicas, capacityEtaS);
  return null;
}

/**
 * The block while there are as many engines as are allowed. Clients should wait: a stream that ends makes an engine
 * free.
 */
export function maximumReached(maxReplicas: number, etaS: number): Blocked {
  return {
    code: 'max_capacity',
    message: `The maximum of ${maxReplicas} engines (MAX_REPLICAS) is reached`,
    recoveryEtaS: Math.ceil(etaS),
    canRetry: true,
    shouldWait: true,
  };
}
