import { isIPv6 } from 'node:net';
import type { Cache } from '../../library/cache/index.ts';
import type { Clock } from '../../library/util/clock.ts';
import type { VpnContainer, VpnContainers } from './containers.ts';
import { ControlFacts, type VpnInstance } from './control-facts.ts';
import { type ControlObserver, ControlServer } from './control-server.ts';
import {
  hasHealthCheck,
  NOT_FOUND_OBSERVATION,
  observeRunning,
  observeStopped,
  type VpnObservation,
} from './observation.ts';
import { nextProblem, type VpnProblem } from './problem.ts';

/** The server responds from memory, and existing clients abort the whole request after 3 s. */
const CONTROL_TIMEOUT_S = 2;

/** Options that all VPNs share. */
export interface VpnOptions {
  /** Null without Docker: the control server is then the only source. */
  containers: VpnContainers | null;
  /** Port of the control server at the container's own address. */
  controlPort: number;
  /** Key for the control server (`GLUETUN_API_KEY`), or undefined for none. */
  apiKey: string | undefined;
  /** How long the forwarded port and the public address are fresh, in seconds. */
  factTtlS: number;
  /** Cache of the control server's responses. */
  cache: Cache;
  /** Source of time. */
  clock: Clock;
  /** Called on the first of several consecutive failed requests for the same fact. */
  onError: (error: unknown) => void;
  /** Called after each call to a control server. */
  onControlCall?: ControlObserver;
}

/** The settings of one VPN. */
export interface VpnSettings {
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
   * Observes the VPN now. The forwarded port and public address may be as old as their TTL.
   * @throws RoundhouseError `runtime_unavailable` if Docker does not respond
   */
  observe(signal: AbortSignal): Promise<VpnObservation>;
}

/** Creates the VPN of a Gluetun container. */
export function createVpn({ containerName: name, controlUrl }: VpnSettings, options: VpnOptions): Vpn {
  const { containers, cache, clock } = options;
  const server = new ControlServer({
    apiKey: options.apiKey,
    timeoutS: CONTROL_TIMEOUT_S,
    clock,
    onCall: options.onControlCall,
  });
  const facts = new ControlFacts({ name, cache, server, ttlS: options.factTtlS, onError: options.onError });

  let problem: VpnProblem | null = null;

  async function observe(signal: AbortSignal): Promise<VpnObservation> {
    const observation = await observeNow(signal);
    problem = nextProblem(problem, observation, facts.failure, facts.respondedAt, Date.now());
    return { ...observation, problem };
  }

  async function observeNow(signal: AbortSignal): Promise<VpnObservation> {
    const container = containers && (await containers.inspect(name, signal));
    if (containers && !container) return NOT_FOUND_OBSERVATION;
    if (container && !container.running) return observeStopped(container);
    const instance = instanceOf(container, controlUrl, options.controlPort);
    const [tunnel, forwardedPort, publicAddress] = await Promise.all([
      hasHealthCheck(container) ? null : facts.tunnelState(instance, signal),
      facts.forwardedPort(instance, signal),
      facts.publicAddress(instance, signal),
    ]);
    return observeRunning(container, { tunnel, forwardedPort, publicAddress });
  }

  return { name, observe };
}

function instanceOf(
  container: VpnContainer | null,
  controlUrl: string | null,
  controlPort: number,
): VpnInstance {
  return {
    controlUrl: controlUrl ?? (container?.address ? urlOf(container.address, controlPort) : null),
    containerId: container?.id ?? null,
    startedAt: container?.startedAt ?? null,
  };
}

function urlOf(address: string, port: number): string {
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
