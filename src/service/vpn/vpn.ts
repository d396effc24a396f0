import { isIPv6 } from 'node:net';
import type { Cache } from '../../library/cache/index.ts';
import type { Clock } from '../../library/util/clock.ts';
import type { VpnContainer, VpnContainers } from './containers.ts';
import { ControlFacts, type VpnInstance } from './control-facts.ts';
import { type ControlObserver, ControlServer } from './control-server.ts';
import { isJudgedByDocker, NOT_FOUND, running, stopped, type VpnObservation } from './observation.ts';

/** Its answers come from memory; existing clients give up on the whole request after 3 s. */
const CONTROL_TIMEOUT_S = 2;

/** What all VPNs have in common. */
export interface VpnOptions {
  /** Null where engines do not run in Docker: the control server is then the only source. */
  containers: VpnContainers | null;
  controlPort: number;
  apiKey: string | undefined;
  /** How long the forwarded port and public address are fresh, in seconds. */
  factTtlS: number;
  cache: Cache;
  clock: Clock;
  /** Told of the first failure of a streak of failing calls to a control server. */
  onError: (error: unknown) => void;
  onControlCall?: ControlObserver;
}

/** Which VPN it is. */
export interface VpnAddress {
  /** Name of the Gluetun container. */
  containerName: string;
  /** Base URL of the control server. Null: port `controlPort` of the container's own address. */
  controlUrl: string | null;
}

/** One VPN. */
export interface Vpn {
  /** Name of its container. */
  readonly name: string;
  /**
   * Looks at the VPN now. The port and address may be as old as their TTL.
   * @throws RoundhouseError `runtime_unavailable` where Docker does not answer.
   */
  observe(signal: AbortSignal): Promise<VpnObservation>;
}

export function createVpn({ containerName: name, controlUrl }: VpnAddress, options: VpnOptions): Vpn {
  const { containers, cache, clock } = options;
  const server = new ControlServer({
    apiKey: options.apiKey,
    timeoutS: CONTROL_TIMEOUT_S,
    clock,
    onCall: options.onControlCall,
  });
  const facts = new ControlFacts({ name, cache, server, ttlS: options.factTtlS, onError: options.onError });

  async function observe(signal: AbortSignal): Promise<VpnObservation> {
    const container = containers && (await containers.inspect(name, signal));
    if (containers && !container) return NOT_FOUND;
    if (container && !container.running) return stopped(container);
    const run = runOf(container, controlUrl, options.controlPort);
    const [tunnel, forwardedPort, publicAddress] = await Promise.all([
      isJudgedByDocker(container) ? null : facts.tunnelState(run, signal),
      facts.forwardedPort(run, signal),
      facts.publicAddress(run, signal),
    ]);
    return running(container, { tunnel, forwardedPort, publicAddress });
  }

  return { name, observe };
}

function runOf(container: VpnContainer | null, controlUrl: string | null, controlPort: number): VpnInstance {
  return {
    controlUrl: controlUrl ?? (container?.address ? urlOf(container.address, controlPort) : null),
    containerId: container?.id ?? null,
    startedAt: container?.startedAt ?? null,
  };
}

function urlOf(address: string, port: number): string {
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
