import { isIPv6 } from 'node:net';
import type { Cache } from '../cache/cache.ts';
import type { Clock } from '../cache/clock.ts';
import { RoundhouseError } from '../errors.ts';
import type { VpnContainer, VpnContainers } from './containers.ts';
import { type ControlObserver, ControlServer } from './control-server.ts';
import { VpnFacts, type VpnRun } from './facts.ts';
import {
  DISABLED,
  isJudgedByDocker,
  NOT_FOUND,
  running,
  stopped,
  type VpnObservation,
} from './observation.ts';
import { toStatus, type VpnStatus } from './wire.ts';

/** Its answers come from memory; existing clients give up on the whole request after 3 s. */
const CONTROL_TIMEOUT_S = 2;

export interface VpnOptions {
  /** Name of the Gluetun container; without one there is no VPN, and nothing is asked of anyone. */
  containerName: string | undefined;
  /** Null where engines do not run in Docker: the control server is then the only source. */
  containers: VpnContainers | null;
  /** Base URL of the control server. Null: port `controlPort` of the container's own address. */
  controlUrl: string | null;
  controlPort: number;
  apiKey: string | undefined;
  /** How long the forwarded port and public address are fresh, in seconds. */
  factTtlS: number;
  cache: Cache;
  clock: Clock;
  /** Told of the first failure of a streak of failing calls to the control server. */
  onError: (error: unknown) => void;
  onControlCall?: ControlObserver;
}

/** Every read rejects with RoundhouseError `runtime_unavailable` where Docker does not answer. */
export interface Vpn {
  /** Looks at the VPN now. The port and address may be as old as their TTL. */
  observe(signal: AbortSignal): Promise<VpnObservation>;
  /** The same as `GET /vpn/status` shows it. */
  readStatus(signal: AbortSignal): Promise<VpnStatus>;
  /** @throws RoundhouseError `public_ip_unknown` where there is no VPN, or it does not tell. */
  publicIp(signal: AbortSignal): Promise<string>;
}

export function createVpn(options: VpnOptions): Vpn {
  const { containers, cache, clock } = options;
  const name = options.containerName ?? null;
  const server = new ControlServer({
    apiKey: options.apiKey,
    timeoutS: CONTROL_TIMEOUT_S,
    clock,
    onCall: options.onControlCall,
  });
  const facts = new VpnFacts({ cache, server, ttlS: options.factTtlS, onError: options.onError });

  async function observe(signal: AbortSignal): Promise<VpnObservation> {
    if (name === null) return DISABLED;
    const container = containers && (await containers.inspect(name, signal));
    if (containers && !container) return NOT_FOUND;
    if (container && !container.running) return stopped(container);
    const run = runOf(container, options);
    const [tunnel, forwardedPort, publicAddress] = await Promise.all([
      isJudgedByDocker(container) ? null : facts.tunnelState(run, signal),
      facts.forwardedPort(run, signal),
      facts.publicAddress(run, signal),
    ]);
    return running(container, { tunnel, forwardedPort, publicAddress });
  }

  return {
    observe,
    async readStatus(signal) {
      return toStatus(name, await observe(signal), Date.now());
    },
    async publicIp(signal) {
      const { publicAddress } = await observe(signal);
      if (publicAddress) return publicAddress.ip;
      throw new RoundhouseError('public_ip_unknown', 'The public address of the VPN is not known');
    },
  };
}

function runOf(
  container: VpnContainer | null,
  { controlUrl, controlPort }: Pick<VpnOptions, 'controlUrl' | 'controlPort'>,
): VpnRun {
  return {
    controlUrl: controlUrl ?? (container?.address ? urlOf(container.address, controlPort) : null),
    containerId: container?.id ?? null,
    startedAt: container?.startedAt ?? null,
  };
}

function urlOf(address: string, port: number): string {
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
