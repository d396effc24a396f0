import { type PortRange, splitRange } from './ports.ts';

/** A VPN into whose network engines may be put. */
export interface EngineVpn {
  /** Name of its container. */
  container: string;
  connected: boolean;
  /** The port that the VPN forwards to whatever takes it in its network, or null. */
  forwardedPort: number | null;
  /** The ports of its engines on their host. */
  ports: PortRange;
}

/** An engine that is there or on its way, as far as its VPN is concerned. */
export interface Placed {
  vpnContainer: string | null;
  forwardedPort: number | null;
}

/** Where a new engine goes. */
export interface Placement extends Placed {
  vpnContainer: string;
  ports: PortRange;
}

/**
 * The given VPNs, each with its own part of the ports: two containers cannot publish the same.
 * @param takesPort whether an engine can be told the forwarded port.
 */
export function placementsFor(
  vpns: readonly Omit<EngineVpn, 'ports'>[],
  range: PortRange,
  takesPort: boolean,
): EngineVpn[] {
  const parts = splitRange(range, vpns.length);
  return vpns.map(({ container, connected, forwardedPort }, index) => ({
    container,
    connected,
    forwardedPort: takesPort ? forwardedPort : null,
    ports: parts[index]!,
  }));
}

/**
 * Chooses the VPN of a new engine: of those that are connected, the one with the fewest engines. Whichever
 * engine comes first to a VPN with a forwarded port gets that port.
 * @param engines all there are and all on their way, so that two choices made at once see each other.
 * @param wish a VPN by name or a port, which leave only one VPN to choose.
 * @returns null where no VPN that may be chosen is connected.
 */
export function placeEngine(
  vpns: readonly EngineVpn[],
  engines: readonly Placed[],
  wish: { vpn?: string; hostPort?: number } = {},
): Placement | null {
  const { vpn: name, hostPort: port } = wish;
  const fits = ({ connected, container, ports }: EngineVpn) =>
    connected &&
    (name === undefined || container === name) &&
    (port === undefined || (port >= ports.first && port <= ports.last));
  const enginesOf = (vpn: EngineVpn) => engines.filter(({ vpnContainer }) => vpnContainer === vpn.container);
  // The sort is stable: of equals, the first.
  const [chosen] = vpns.filter(fits).sort((a, b) => enginesOf(a).length - enginesOf(b).length);
  if (!chosen) return null;
  const { container: vpnContainer, forwardedPort, ports } = chosen;
  const isTaken = enginesOf(chosen).some((engine) => engine.forwardedPort === forwardedPort);
  return { vpnContainer, forwardedPort: isTaken ? null : forwardedPort, ports };
}
