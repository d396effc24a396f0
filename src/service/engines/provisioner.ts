import { randomBytes } from 'node:crypto';
import type { Clock } from '../../library/cache/index.ts';
import type { PortRange } from '../config/values.ts';
import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';
import { type Blocked, findBlock, VPN_DISCONNECTED } from './blocked.ts';
import type { CircuitBreaker } from './breaker.ts';
import { type EngineVpn, placeEngine, type VpnAssignment } from './placement.ts';
import type { PortPool } from './ports.ts';
import type { EngineRegistry } from './registry.ts';
import {
  DEFAULT_CREATE_WAIT_MS,
  type EnginePorts,
  type EngineRuntime,
  type RuntimeEngine,
} from './runtime.ts';
import { StartupTracker } from './startup-tracker.ts';

/** Number of ports to try: one of the range may be in use by another program. */
const MAX_PORT_ATTEMPTS = 5;
/** Ports on which an engine listens if its ports are mapped. */
const DEFAULT_PORTS = { http: 6878, https: 6879 };
/** Error codes that say nothing about whether this host can start engines. */
const IGNORED_BY_BREAKER = new Set([
  'port_taken',
  'port_out_of_range',
  'reserved_variable',
  'no_free_port',
  'runtime_unavailable',
]);

/** Options of one engine to provision. */
export interface ProvisionRequest {
  /** Default: no labels. */
  labels?: Record<string, string>;
  /** Environment variables besides those of the preset. Default: none. */
  env?: Record<string, string>;
  /** Default: a free port of the range. */
  hostPort?: number;
  /** Name of the VPN container whose network the engine joins. Default: the one with the fewest engines. */
  vpn?: string;
}

/** The VPN's state, as far as provisioning depends on it. */
export interface ProvisioningVpn {
  enabled: boolean;
  connected: boolean;
  /** The VPNs to distribute engines over; unset if engines do not join a VPN container's network. */
  placements?: readonly EngineVpn[];
}

/** Thrown when provisioning is blocked, before a start is attempted. Its code is `provisioning_blocked`. */
export class ProvisioningBlockedError extends RoundhouseError {
  readonly blocked: Blocked;

  constructor(blocked: Blocked) {
    super('provisioning_blocked', blocked.message);
    // Copied: the argument may be part of a cached, frozen value.
    this.blocked = { ...blocked };
  }
}

/** An engine that is being provisioned. */
interface Pending extends VpnAssignment {
  /** The name under which it is started. */
  name?: string;
  /** Ports reserved for it. */
  readonly ports: number[];
  /** Where its ports are taken from. Default: the whole range. */
  readonly portRange?: PortRange;
  /** When the request arrived, in milliseconds of the clock. */
  readonly requestedAt: number;
}

/** Starts and removes engines. Nothing else in the service does either. */
export class Provisioner {
  readonly #runtime: EngineRuntime;
  readonly #registry: EngineRegistry;
  readonly #ports: PortPool;
  readonly #breaker: CircuitBreaker;
  readonly #startups: StartupTracker;
  readonly #clock: Clock;
  readonly #maxReplicas: number;
  readonly #readVpn: () => Promise<ProvisioningVpn>;
  /** Engines being provisioned. They count against the maximum before the runtime reports them. */
  readonly #pending = new Set<Pending>();

  constructor(parts: {
    runtime: EngineRuntime;
    registry: EngineRegistry;
    ports: PortPool;
    breaker: CircuitBreaker;
    bus: EventBus;
    clock: Clock;
    maxReplicas: number;
    /** Reads the VPN's state; called for each engine. */
    readVpn: () => Promise<ProvisioningVpn>;
  }) {
    this.#runtime = parts.runtime;
    this.#registry = parts.registry;
    this.#ports = parts.ports;
    this.#breaker = parts.breaker;
    this.#startups = new StartupTracker(parts.registry, parts.bus);
    this.#clock = parts.clock;
    this.#maxReplicas = parts.maxReplicas;
    this.#readVpn = parts.readVpn;
  }

  /** Number of engines being provisioned that the runtime has not reported yet. */
  get pending(): number {
    return this.#unreported.length;
  }

  /** Number of engines, those being provisioned included. */
  get count(): number {
    return this.#registry.size + this.pending;
  }

  /** VPN assignments of these engines, without those being deleted. */
  get assignments(): VpnAssignment[] {
    const staying = this.#registry.list().filter(({ id }) => !this.#registry.isDeleting(id));
    return [...staying, ...this.#unreported];
  }

  get #unreported(): Pending[] {
    const reported = new Set<string | undefined>(this.#registry.list().map(({ name }) => name));
    return [...this.#pending].filter(({ name }) => !reported.has(name));
  }

  /** Why no engine can be provisioned now, or null. */
  findBlock(vpn: { enabled: boolean; connected: boolean }): Blocked | null {
    const breaker = { allows: this.#breaker.allows, recoveryEtaS: this.#breaker.snapshot().recoveryEtaS };
    return findBlock({ vpn, breaker, engines: this.count, maxReplicas: this.#maxReplicas });
  }

  /**
   * Starts one engine. Resolves once the runtime has accepted the start.
   * @throws ProvisioningBlockedError, or RoundhouseError with a code of `EngineRuntime.create` or
   *   `PortPool.reserve`
   */
  async provision(request: ProvisionRequest = {}): Promise<RuntimeEngine> {
    if (request.hostPort !== undefined) this.#ports.assertInRange(request.hostPort);
    this.#registry.assertAvailable();
    const requestedAt = this.#clock.now();
    const vpn = await this.#readVpn();
    const blocked = this.findBlock(vpn);
    if (blocked) throw new ProvisioningBlockedError(blocked);
    // Nothing is awaited between the check above and `add` below, so no concurrent call can pass the same
    // check, or choose the same VPN as the one with the fewest engines.
    const pending: Pending = { ports: [], requestedAt, ...this.#place(request, vpn) };
    this.#pending.add(pending);
    const attempt = this.#breaker.begin();
    const sequence = this.#registry.nextSequence();
    try {
      const engine = await this.#create(request, pending);
      this.#registry.add(engine, sequence);
      this.#startups.track(engine.id, attempt);
      return engine;
    } catch (error) {
      if (error instanceof RoundhouseError && IGNORED_BY_BREAKER.has(error.code)) attempt.abandon();
      else attempt.fail();
      throw error;
    } finally {
      this.#pending.delete(pending);
      this.#ports.release(pending.ports);
    }
  }

  /**
   * Stops and removes a managed engine.
   * @throws RoundhouseError `engine_not_found` or `runtime_unavailable`
   */
  async remove(id: string): Promise<void> {
    this.#registry.assertAvailable();
    if (!this.#registry.get(id))
      throw new RoundhouseError('engine_not_found', `No managed engine has the id ${id}`);
    await this.#registry.delete(id, () => this.#runtime.remove(id));
  }

  #place(request: ProvisionRequest, { placements }: ProvisioningVpn): Omit<Pending, 'ports' | 'requestedAt'> {
    if (!placements) return { vpnContainer: null, forwardedPort: null };
    const placement = placeEngine(placements, this.assignments, request);
    if (!placement) throw new ProvisioningBlockedError(VPN_DISCONNECTED);
    const { ports: portRange, ...assignment } = placement;
    return { ...assignment, portRange };
  }

  async #create(request: ProvisionRequest, pending: Pending): Promise<RuntimeEngine> {
    const { labels = {}, env = {}, hostPort } = request;
    const { vpnContainer, forwardedPort } = pending;
    const network = {
      ...(vpnContainer === null ? {} : { vpnContainer }),
      ...(forwardedPort === null ? {} : { forwardedPort }),
    };
    if (hostPort !== undefined) this.#reserve(pending, hostPort);
    // A requested port has no alternative, but the HTTPS port chosen beside it has.
    const attempts = hostPort !== undefined && this.#runtime.mapsPorts ? 1 : MAX_PORT_ATTEMPTS;
    for (let attempt = 1; ; attempt += 1) {
      const ports = this.#choosePorts(pending, hostPort);
      const name = `roundhouse-engine-${ports.hostHttp}-${randomBytes(3).toString('hex')}`;
      pending.name = name;
      try {
        return await this.#runtime.create(
          { name, ports, labels, env, ...network },
          this.#remainingMs(pending),
        );
      } catch (error) {
        const portTaken = error instanceof RoundhouseError && error.code === 'port_taken';
        if (!portTaken) throw error;
        if (attempt < attempts && this.#remainingMs(pending) > 0) continue;
        // `port_taken` makes sense only to a client that requested the port.
        throw hostPort === undefined ? noFreePort(pending, error) : error;
      }
    }
  }

  /** How much longer the client can be kept waiting. */
  #remainingMs({ requestedAt }: Pending): number {
    return Math.max(0, DEFAULT_CREATE_WAIT_MS - (this.#clock.now() - requestedAt));
  }

  #choosePorts(pending: Pending, requested: number | undefined): EnginePorts {
    const hostHttp = requested ?? this.#reserve(pending);
    if (this.#runtime.mapsPorts)
      return { hostHttp, containerHttp: DEFAULT_PORTS.http, containerHttps: DEFAULT_PORTS.https };
    return { hostHttp, containerHttp: hostHttp, containerHttps: this.#reserve(pending) };
  }

  #reserve(pending: Pending, requested?: number): number {
    const port = this.#ports.reserve(requested, pending.portRange);
    pending.ports.push(port);
    return port;
  }
}

function noFreePort({ ports }: Pending, cause: unknown): RoundhouseError {
  const message = `Other programs use the ports that were tried: ${ports.join(', ')}`;
  return new RoundhouseError('no_free_port', message, { cause });
}

/** The host ports that running engines use, for a {@link PortPool}. */
export function portsInUse(registry: EngineRegistry, runtime: EngineRuntime): number[] {
  return registry
    .list()
    .flatMap(({ ports }) => (runtime.mapsPorts ? [ports.hostHttp] : [ports.hostHttp, ports.containerHttps]));
}
