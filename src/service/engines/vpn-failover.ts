import { SerialTask } from '../../library/util/serial-task.ts';
import type { Engine } from './engine.ts';
import type { EngineRegistry } from './registry.ts';

/** The last observed state of a VPN's container. */
export interface FailoverVpn {
  /** Name of the container. */
  container: string;
  /** Null if there is no such container. */
  containerId: string | null;
  /** When the container started, in milliseconds since the epoch. */
  startedAt: number | null;
  /** Whether it is down while another VPN can take over. */
  failed: boolean;
}

/**
 * Why an engine has lost its network permanently, or null. A recreated container has another network
 * namespace than the one the engine joined; a restarted one has left that namespace, and restarting the
 * engine does not bring the network back.
 */
export function findNetworkLoss(
  engine: Pick<Engine, 'vpnContainer' | 'vpnContainerId' | 'startedAt'>,
  vpns: readonly FailoverVpn[],
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
 * Removes engines that have lost their VPN's network, one at a time. The scaler starts new ones on a
 * connected VPN.
 */
export class VpnFailover {
  readonly #registry: EngineRegistry;
  readonly #vpns: () => readonly FailoverVpn[];
  readonly #mayAct: () => boolean;
  readonly #remove: (id: string) => Promise<void>;
  readonly #onLoss: (engine: Engine, reason: string) => void;
  readonly #onError: (error: unknown) => void;
  readonly #task = new SerialTask((signal) => this.#run(signal));

  constructor(parts: {
    registry: EngineRegistry;
    /** Returns the VPNs as last observed; called before each removal. */
    vpns: () => readonly FailoverVpn[];
    /** Whether this process may act; called before each removal. */
    mayAct: () => boolean;
    remove: (id: string) => Promise<void>;
    /** Called before an engine is removed. */
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

  /** Removes affected engines; call after each check of a VPN. A failed removal is retried by the next call. */
  reconcile(): void {
    this.#task.trigger();
  }

  /** Starts no further removal. */
  stop(): void {
    this.#task.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const tried = new Set<string>();
    while (!signal.aborted) {
      const next = this.#findAffected(tried);
      if (!next) return;
      const { engine, reason } = next;
      tried.add(engine.id);
      this.#onLoss(engine, reason);
      await this.#remove(engine.id).catch(this.#onError);
    }
  }

  #findAffected(tried: ReadonlySet<string>): { engine: Engine; reason: string } | undefined {
    if (!this.#registry.available || !this.#mayAct()) return undefined;
    const vpns = this.#vpns();
    // A forwarded engine first: its successor can get the port only once it is gone.
    const engines = this.#registry.list().sort((a, b) => Number(b.forwarded) - Number(a.forwarded));
    for (const engine of engines) {
      if (tried.has(engine.id) || this.#registry.isDeleting(engine.id)) continue;
      const reason = findNetworkLoss(engine, vpns);
      if (reason) return { engine, reason };
    }
    return undefined;
  }
}
