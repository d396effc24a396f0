import type { Clock } from '../../library/cache/index.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import type { Engine } from './engine.ts';
import type { EngineVpn, VpnAssignment } from './placement.ts';
import type { EngineRegistry } from './registry.ts';
import type { RuntimeEngine } from './runtime.ts';
import { type FailoverVpn, findNetworkLoss } from './vpn-failover.ts';

/** Minimum time between two starts for one VPN: an engine that loses its port must not be replaced in a loop. */
const MIN_START_INTERVAL_MS = 60_000;

/** The last observed state of a VPN and its forwarded port. */
export type ForwardingVpn = FailoverVpn & Pick<EngineVpn, 'connected' | 'forwardedPort'>;

/**
 * Elects the engine that uses a VPN's forwarded port. Candidates are the engines started with that port: the
 * current holder wins, then the first healthy one, then the oldest.
 * @returns null if there is no candidate or no port
 */
export function electForwardedEngine(
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
 * Keeps one engine per VPN on its forwarded port. An engine gets the port only at its start, so if none was
 * started with the current port (the VPN got it late, or got another one), a new engine is started. The
 * engine it replaces is removed once the new one is healthy, or beforehand if MAX_REPLICAS leaves no room for
 * both. An engine with a stream is not replaced until the stream has ended.
 */
export class ForwardedPorts {
  readonly #registry: EngineRegistry;
  readonly #clock: Clock;
  readonly #vpns: () => readonly ForwardingVpn[];
  readonly #provision: (vpn: string) => Promise<RuntimeEngine>;
  readonly #remove: (id: string) => Promise<void>;
  readonly #assignments: () => readonly VpnAssignment[];
  readonly #hasRoom: () => boolean;
  readonly #isIdle: (id: string) => boolean;
  readonly #mayAct: () => boolean;
  readonly #onError: (error: unknown) => void;
  /** By VPN, the engine started for the port and the one to remove once it is healthy. */
  readonly #successions = new Map<string, { successor: string; outgoing: string }>();
  /** By VPN, when an engine was last started for the port. */
  readonly #lastStart = new Map<string, number>();
  readonly #task: SerialTask;
  #stopped = false;

  constructor(parts: {
    registry: EngineRegistry;
    clock: Clock;
    /** Returns the VPNs as last observed. */
    vpns: () => readonly ForwardingVpn[];
    /** Starts an engine in the network of that VPN, with its port unless another engine has it. */
    provision: (vpn: string) => Promise<RuntimeEngine>;
    remove: (id: string) => Promise<void>;
    /** Returns the VPN assignments of all engines, those being provisioned included. */
    assignments: () => readonly VpnAssignment[];
    /** Whether MAX_REPLICAS allows one more engine. */
    hasRoom: () => boolean;
    /** Whether no stream plays on an engine. */
    isIdle: (id: string) => boolean;
    /** Whether this process may start and remove engines. If not, it only elects. */
    mayAct: () => boolean;
    onError: (error: unknown) => void;
  }) {
    this.#registry = parts.registry;
    this.#clock = parts.clock;
    this.#vpns = parts.vpns;
    this.#provision = parts.provision;
    this.#remove = parts.remove;
    this.#assignments = parts.assignments;
    this.#hasRoom = parts.hasRoom;
    this.#isIdle = parts.isIdle;
    this.#mayAct = parts.mayAct;
    this.#onError = parts.onError;
    this.#task = new SerialTask((signal) => this.#run(signal), { clock: parts.clock });
  }

  /** Elects at once, then starts and removes engines in the background. Call after each check of a VPN. */
  reconcile(): void {
    if (this.#stopped || !this.#registry.available) return;
    for (const vpn of this.#vpns()) {
      const elected = electForwardedEngine(vpn, this.#stayingEngines(vpn));
      for (const engine of this.#registry.list()) {
        if (engine.vpnContainer === vpn.container)
          this.#registry.update(engine.id, { forwarded: engine === elected });
      }
    }
    this.#task.trigger();
  }

  /** Starts and removes no further engine. */
  stop(): void {
    this.#stopped = true;
    this.#task.stop();
  }

  /** The engines of a VPN without those being removed: one that has lost its network is removed anyway. */
  #stayingEngines(vpn: ForwardingVpn): Engine[] {
    return this.#registry
      .list()
      .filter((engine) => engine.vpnContainer === vpn.container)
      .filter((engine) => !this.#registry.isDeleting(engine.id) && findNetworkLoss(engine, [vpn]) === null);
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      for (const vpn of this.#vpns()) {
        if (signal.aborted || !this.#mayAct()) break;
        const engines = this.#stayingEngines(vpn);
        const elected = electForwardedEngine(vpn, engines);
        if (elected?.health === 'healthy') await this.#removeReplaced(vpn, elected, engines);
        else if (!elected && vpn.connected && vpn.forwardedPort !== null) await this.#start(vpn, engines);
      }
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Removes the engines that an elected one replaces: those with a former port, and its predecessor. */
  async #removeReplaced(
    { container }: ForwardingVpn,
    elected: Engine,
    engines: readonly Engine[],
  ): Promise<void> {
    const succession = this.#successions.get(container);
    const predecessor = succession?.successor === elected.id ? succession.outgoing : undefined;
    if (predecessor === undefined || !this.#registry.get(predecessor)) this.#successions.delete(container);
    for (const { id, forwardedPort } of engines) {
      const hasFormerPort = forwardedPort !== null && forwardedPort !== elected.forwardedPort;
      if ((hasFormerPort || id === predecessor) && this.#isIdle(id) && this.#mayAct()) await this.#remove(id);
    }
  }

  async #start({ container, forwardedPort: port }: ForwardingVpn, engines: readonly Engine[]): Promise<void> {
    // The first engine of a VPN gets the port anyway, and it may be starting already.
    const isTaken = (assignment: VpnAssignment) =>
      assignment.vpnContainer === container && assignment.forwardedPort === port;
    if (engines.length === 0 || this.#assignments().some(isTaken)) return;
    const now = this.#clock.now();
    if (now - (this.#lastStart.get(container) ?? Number.NEGATIVE_INFINITY) < MIN_START_INTERVAL_MS) return;
    const former = engines.find(({ forwardedPort }) => forwardedPort !== null);
    const outgoing = (former ?? engines.find(({ id }) => this.#isIdle(id)))?.id;
    const hasRoom = this.#hasRoom();
    const mayRemoveFirst = outgoing !== undefined && this.#isIdle(outgoing);
    if (!hasRoom && !mayRemoveFirst) return;
    this.#lastStart.set(container, now);
    if (!hasRoom && mayRemoveFirst) await this.#remove(outgoing);
    const started = await this.#provision(container);
    if (!hasRoom) return;
    // The VPN may have lost the port since it was last observed, or another engine may have got it.
    if (started.forwardedPort === null) await this.#remove(started.id);
    else if (outgoing) this.#successions.set(container, { successor: started.id, outgoing });
  }
}
