import type { Clock } from '../../library/cache/index.ts';
import type { Engine } from './engine.ts';
import type { EngineVpn, Placed } from './placement.ts';
import type { EngineRegistry } from './registry.ts';
import type { RuntimeEngine } from './runtime.ts';
import { lossOf, type WatchedVpn } from './vpn-failover.ts';

/** An engine that cannot keep its port must not be replaced every few seconds. */
const PAUSE_MS = 60_000;

/** A VPN and its port, as they were last seen. */
export type ForwardingVpn = WatchedVpn & Pick<EngineVpn, 'connected' | 'forwardedPort'>;

/**
 * The engine of a VPN that has its forwarded port: of those started with it the one that has it already,
 * else the first healthy, else the oldest. Null where there is none, or no port.
 */
export function electForwarded(
  vpn: Pick<ForwardingVpn, 'container' | 'forwardedPort'>,
  engines: readonly Engine[],
): Engine | null {
  if (vpn.forwardedPort === null) return null;
  const candidates = engines
    .filter((engine) => engine.vpnContainer === vpn.container && engine.forwardedPort === vpn.forwardedPort)
    .sort((a, b) => a.firstSeen - b.firstSeen);
  return (
    candidates.find(({ forwarded }) => forwarded) ??
    candidates.find(({ health }) => health === 'healthy') ??
    candidates[0] ??
    null
  );
}

/**
 * Sees to it that each VPN with a forwarded port has one engine that takes it. An engine learns of the port
 * as it starts, so where no engine was started with the port, whether because the VPN got it late or got
 * another, one is: beside the engine that it replaces, which goes once the new one is healthy, or in its
 * stead where MAX_REPLICAS leaves no room. An engine that plays is left alone until it no longer does.
 */
export class ForwardedPorts {
  readonly #registry: EngineRegistry;
  readonly #clock: Clock;
  readonly #vpns: () => readonly ForwardingVpn[];
  readonly #provision: (vpn: string) => Promise<RuntimeEngine>;
  readonly #remove: (id: string) => Promise<void>;
  readonly #placed: () => readonly Placed[];
  readonly #hasRoom: () => boolean;
  readonly #isIdle: (id: string) => boolean;
  readonly #mayAct: () => boolean;
  readonly #onError: (error: unknown) => void;
  /** By VPN, the engine that was started for the port, and the one that goes once it is healthy. */
  readonly #successions = new Map<string, { successor: string; outgoing: string }>();
  /** When an engine was last started for the port, by VPN. */
  readonly #lastStart = new Map<string, number>();
  #working = false;
  #stopped = false;

  constructor(parts: {
    registry: EngineRegistry;
    clock: Clock;
    /** The VPNs as last seen. */
    vpns: () => readonly ForwardingVpn[];
    /** Starts an engine in the network of that VPN, with its port if none has it. */
    provision: (vpn: string) => Promise<RuntimeEngine>;
    remove: (id: string) => Promise<void>;
    /** All engines there are and all on their way. */
    placed: () => readonly Placed[];
    /** Whether one more engine is allowed. */
    hasRoom: () => boolean;
    /** Whether an engine plays nothing. */
    isIdle: (id: string) => boolean;
    /** Whether this process may start and remove engines, or only sees how the ports are taken. */
    mayAct: () => boolean;
    onError: (error: unknown) => void;
  }) {
    this.#registry = parts.registry;
    this.#clock = parts.clock;
    this.#vpns = parts.vpns;
    this.#provision = parts.provision;
    this.#remove = parts.remove;
    this.#placed = parts.placed;
    this.#hasRoom = parts.hasRoom;
    this.#isIdle = parts.isIdle;
    this.#mayAct = parts.mayAct;
    this.#onError = parts.onError;
  }

  /** Elects, and arranges what is missing; call after each look at a VPN. */
  consider(): void {
    if (this.#stopped || !this.#registry.available) return;
    for (const vpn of this.#vpns()) {
      const elected = electForwarded(vpn, this.#enginesOf(vpn));
      for (const engine of this.#registry.list()) {
        if (engine.vpnContainer === vpn.container)
          this.#registry.update(engine.id, { forwarded: engine === elected });
      }
    }
    if (!this.#working) void this.#work();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** The engines of a VPN that stay: one that has lost its network goes anyway. */
  #enginesOf(vpn: ForwardingVpn): Engine[] {
    return this.#registry
      .list()
      .filter((engine) => engine.vpnContainer === vpn.container)
      .filter((engine) => !this.#registry.isLeaving(engine.id) && lossOf(engine, [vpn]) === null);
  }

  async #work(): Promise<void> {
    this.#working = true;
    try {
      for (const vpn of this.#vpns()) {
        if (this.#stopped || !this.#mayAct()) break;
        const engines = this.#enginesOf(vpn);
        const elected = electForwarded(vpn, engines);
        if (elected?.health === 'healthy') await this.#retire(vpn, elected, engines);
        else if (!elected && vpn.connected && vpn.forwardedPort !== null) await this.#start(vpn, engines);
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#working = false;
    }
  }

  /** Removes what an elected engine has replaced: engines with a former port, and the one noted. */
  async #retire({ container }: ForwardingVpn, elected: Engine, engines: readonly Engine[]): Promise<void> {
    const succession = this.#successions.get(container);
    const noted = succession?.successor === elected.id ? succession.outgoing : undefined;
    if (noted === undefined || !this.#registry.get(noted)) this.#successions.delete(container);
    for (const { id, forwardedPort } of engines) {
      const isFormer = forwardedPort !== null && forwardedPort !== elected.forwardedPort;
      if ((isFormer || id === noted) && this.#isIdle(id) && this.#mayAct()) await this.#remove(id);
    }
  }

  async #start({ container, forwardedPort: port }: ForwardingVpn, engines: readonly Engine[]): Promise<void> {
    // A VPN without engines gives its port to the first that comes, and one may be on its way.
    const isTaken = (placed: Placed) => placed.vpnContainer === container && placed.forwardedPort === port;
    if (engines.length === 0 || this.#placed().some(isTaken)) return;
    const now = this.#clock.now();
    if (now - (this.#lastStart.get(container) ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) return;
    const former = engines.find(({ forwardedPort }) => forwardedPort !== null);
    const outgoing = (former ?? engines.find(({ id }) => this.#isIdle(id)))?.id;
    const hasRoom = this.#hasRoom();
    const mayGoFirst = outgoing !== undefined && this.#isIdle(outgoing);
    if (!hasRoom && !mayGoFirst) return;
    this.#lastStart.set(container, now);
    if (!hasRoom && mayGoFirst) await this.#remove(outgoing);
    const started = await this.#provision(container);
    if (!hasRoom) return;
    // The port may have gone, or to another engine, since the VPN was last seen.
    if (started.forwardedPort === null) await this.#remove(started.id);
    else if (outgoing) this.#successions.set(container, { successor: started.id, outgoing });
  }
}
