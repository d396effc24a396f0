import type { PortRange } from '../config/values.ts';
import { splitRange } from './ports.ts';

/** A VPN whose network engines can join. */
export interface EngineVpn {
  /** Name of its container. */
  container: string;
  connected: boolean;
  /** The port that the VPN forwards into its network, or null. */
  forwardedPort: number | null;
  /** Host ports reserved for its engines. */
  ports: PortRange;
}

/** The VPN of an engine that runs or is being provisioned. */
export interface VpnAssignment {
  /** Name of the VPN's container, or null. */
  vpnContainer: string | null;
  /** The forwarded port given to the engine, or null. */
  forwardedPort: number | null;
}

/** The VPN and the host ports for a new engine. */
export interface Placement extends VpnAssignment {
  vpnContainer: string;
  ports: PortRange;
}

/**
 * The given VPNs, each with its own part of the port range: two containers cannot publish the same port.
 * @param takesPort whether engines can be started with the forwarded port
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
 * Chooses the connected VPN with the fewest engines for a new engine. The first engine of a VPN with a
 * forwarded port gets that port.
 * @param engines assignments of all engines, those being provisioned included, so that concurrent choices
 *   take each other into account
 * @param request a VPN's name or a host port, either of which leaves one VPN to choose
 * @returns null if no eligible VPN is connected
 */
export function placeEngine(
  vpns: readonly EngineVpn[],
  engines: readonly VpnAssignment[],
  request: { vpn?: string; hostPort?: number } = {},
): Placement | null {
  const { vpn: name, hostPort: port } = request;
  const isEligible = ({ connected, container, ports }: EngineVpn) =>
    connected &&
    (name === undefined || container === name) &&
    (port === undefined || (port >= ports.first && port <= ports.last));
  const enginesOf = (vpn: EngineVpn) => engines.filter(({ vpnContainer }) => vpnContainer === vpn.container);
  // The sort is stable: of equals, the first is chosen.
  const [chosen] = vpns.filter(isEligible).sort((a, b) => enginesOf(a).length - enginesOf(b).length);
  if (!chosen) return null;
  const { container: vpnContainer, forwardedPort, ports } = chosen;
  const isTaken = enginesOf(chosen).some((engine) => engine.forwardedPort === forwardedPort);
  return { vpnContainer, forwardedPort: isTaken ? null : forwardedPort, ports };
}
