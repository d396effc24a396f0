import type { Engine } from './engine.ts';
import type { EngineRegistry } from './registry.ts';

/** What the engines of a VPN need to know of its container, as it was last seen. */
export interface WatchedVpn {
  container: string;
  /** Null where there is no container. */
  containerId: string | null;
  /** Start of the container, in milliseconds since the epoch. */
  startedAt: number | null;
  /** Whether it is down while another VPN is there to take its place. */
  failed: boolean;
}

/**
 * Why an engine has lost its network for good, or null. A recreated container has another network than the
 * one the engine is pinned to; a restarted one has left the engine's behind, and no restart of the engine's
 * mends that.
 */
export function lossOf(
  engine: Pick<Engine, 'vpnContainer' | 'vpnContainerId' | 'startedAt'>,
  vpns: readonly WatchedVpn[],
): 'vpn_recreated' | 'vpn_restarted' | 'vpn_failed' | null {
  const vpn = vpns.find(({ container }) => container === engine.vpnContainer);
  if (!vpn) return null;
  const isPinned = engine.vpnContainerId !== null && vpn.containerId !== null;
  if (isPinned && engine.vpnContainerId !== vpn.containerId) return 'vpn_recreated';
  const isOlder = engine.startedAt !== null && vpn.startedAt !== null && engine.startedAt < vpn.startedAt;
  if (isPinned && isOlder) return 'vpn_restarted';
  return vpn.failed ? 'vpn_failed' : null;
}

/**
 * Removes the engines whose VPN has left them, one after another. Whoever keeps the number of engines up
 * starts new ones, on a VPN that is connected.
 */
export class VpnFailover {
  readonly #registry: EngineRegistry;
  readonly #vpns: () => readonly WatchedVpn[];
  readonly #mayAct: () => boolean;
  readonly #remove: (id: string) => Promise<void>;
  readonly #onLoss: (engine: Engine, reason: string) => void;
  readonly #onError: (error: unknown) => void;
  #working = false;
  #stopped = false;

  constructor(parts: {
    registry: EngineRegistry;
    /** The VPNs as last seen; asked anew before each removal. */
    vpns: () => readonly WatchedVpn[];
    /** Whether this process may act; asked anew before each removal. */
    mayAct: () => boolean;
    remove: (id: string) => Promise<void>;
    /** Told of each engine before it is removed. */
    onLoss: (engine: Engine, reason: string) => void;
    onError: (error: unknown) => void;
  }) {
    this.#registry = parts.registry;
    this.#vpns = parts.vpns;
    this.#mayAct = parts.mayAct;
    this.#remove = parts.remove;
    this.#onLoss = parts.onLoss;
    this.#onError = parts.onError;
  }

  /** Looks for such engines; call after each look at a VPN. A removal that fails is tried again then. */
  consider(): void {
    if (!this.#working) void this.#work();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #work(): Promise<void> {
    this.#working = true;
    const tried = new Set<string>();
    for (let next = this.#find(tried); next; next = this.#find(tried)) {
      const { engine, reason } = next;
      tried.add(engine.id);
      this.#onLoss(engine, reason);
      await this.#remove(engine.id).catch(this.#onError);
    }
    this.#working = false;
  }

  #find(tried: ReadonlySet<string>): { engine: Engine; reason: string } | undefined {
    if (this.#stopped || !this.#registry.available || !this.#mayAct()) return undefined;
    const vpns = this.#vpns();
    // A forwarded engine first: once it is gone, its successor can get the port.
    const engines = this.#registry.list().sort((a, b) => Number(b.forwarded) - Number(a.forwarded));
    for (const engine of engines) {
      if (tried.has(engine.id) || this.#registry.isLeaving(engine.id)) continue;
      const reason = lossOf(engine, vpns);
      if (reason) return { engine, reason };
    }
    return undefined;
  }
}
