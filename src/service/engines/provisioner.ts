import { randomBytes } from 'node:crypto';
import type { Clock } from '../../library/cache/index.ts';
import type { PortRange } from '../config/values.ts';
import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';
import { type Blocked, CAPACITY_ETA_S, findBlock, maximumReached, VPN_DISCONNECTED } from './blocked.ts';
import type { CircuitBreaker } from './breaker.ts';
import type { CustomEngine } from './custom-variant.ts';
import { type EngineVpn, placeEngine, type VpnAssignment } from './placement.ts';
import type { PortPool } from './ports.ts';
import type { EngineRegistry } from './registry.ts';
import { NO_RESERVATIONS, type Reservations } from './reservations.ts';
import {
  CapacityReachedError,
  DEFAULT_CREATE_WAIT_MS,
  type EnginePorts,
  type EngineRuntime,
  type RuntimeEngine,
} from './runtime.ts';
import { settle as settleEngine } from './settling.ts';
import { StartupTracker } from './startup-tracker.ts';

/** Number of ports to try: one of the range may be in use by another program. */
const MAX_PORT_ATTEMPTS = 5;
/** Number of reservations to try: each one that fails lists everything that is reserved. */
const MAX_RESERVATION_ATTEMPTS = 10;
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
  /** Whether to wait for `EngineRuntime.settleMs`, so that a start that dies is a failure. Default: false. */
  settle?: boolean;
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
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #readCustom: () => CustomEngine | null;
  readonly #limits: { readonly maxReplicas: number; readonly capacityEtaS?: number };
  readonly #reservations: Reservations;
  readonly #readVpn: () => Promise<ProvisioningVpn>;
  /** Engines being provisioned. They count against the maximum before the runtime reports them. */
  readonly #pending = new Set<Pending>();
  /** Names of the engines started here, by id: those with a reservation. */
  readonly #reserved = new Map<string, string>();

  constructor(parts: {
    runtime: EngineRuntime;
    registry: EngineRegistry;
    ports: PortPool;
    breaker: CircuitBreaker;
    bus: EventBus;
    clock: Clock;
    maxReplicas: number;
    /** The settings that take the place of the runtime's preset, or null; read for each engine. Default: null. */
    readCustom?: () => CustomEngine | null;
    /** How long clients should wait at the maximum, in seconds. Default: 10. */
    capacityEtaS?: number;
    /** Shared with other orchestrators of the same engines. Default: there are none. */
    reservations?: Reservations;
    /** Reads the VPN's state; called for each engine. */
    readVpn: () => Promise<ProvisioningVpn>;
  }) {
    this.#runtime = parts.runtime;
    this.#registry = parts.registry;
    this.#ports = parts.ports;
    this.#breaker = parts.breaker;
    this.#startups = new StartupTracker(parts.registry, parts.bus);
    this.#bus = parts.bus;
    this.#clock = parts.clock;
    this.#readCustom = parts.readCustom ?? (() => null);
    this.#limits = parts;
    this.#reservations = parts.reservations ?? NO_RESERVATIONS;
    this.#readVpn = parts.readVpn;
    parts.bus.subscribe((event) => {
      if (event.type === 'engine_stopped' && event.reason !== 'restarted')
        this.#releaseReservation(event.engineId);
    });
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
    return findBlock({
      vpn,
      breaker,
      engines: this.count,
      maxReplicas: this.#limits.maxReplicas,
      capacityEtaS: this.#limits.capacityEtaS ?? CAPACITY_ETA_S,
    });
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
    try {
      const engine = await this.#create(request, pending);
      this.#startups.track(engine.id, attempt);
      return engine;
    } catch (error) {
      if (error instanceof ProvisioningBlockedError) attempt.abandon();
      else if (error instanceof RoundhouseError && IGNORED_BY_BREAKER.has(error.code)) attempt.abandon();
      else attempt.fail((error as Error).message);
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

  /**
   * Restarts a managed engine, on the same ports and with the same settings. Its streams end.
   * @returns the engine that runs now, whose id may be another one
   * @throws RoundhouseError `engine_not_found`, `runtime_unavailable` or `provisioning_failed`
   */
  async restart(id: string): Promise<RuntimeEngine> {
    this.#registry.assertAvailable();
    const { name, vpnContainer, forwardedPort } = this.#registry.require(id);
    // While it is stopped, its place must not be taken by a new engine.
    const pending: Pending = { name, vpnContainer, forwardedPort, ports: [], requestedAt: this.#clock.now() };
    this.#pending.add(pending);
    try {
      const engine = await this.#registry.restart(id, () => this.#runtime.restart(id));
      if (this.#reserved.delete(id)) this.#reserved.set(engine.id, engine.name);
      return engine;
    } catch (error) {
      this.#releaseReservation(id);
      throw error;
    } finally {
      this.#pending.delete(pending);
    }
  }

  #place(request: ProvisionRequest, { placements }: ProvisioningVpn): Omit<Pending, 'ports' | 'requestedAt'> {
    if (!placements) return { vpnContainer: null, forwardedPort: null };
    const placement = placeEngine(placements, this.assignments, request);
    if (!placement) throw new ProvisioningBlockedError(VPN_DISCONNECTED);
    const { ports: portRange, ...assignment } = placement;
    return { ...assignment, portRange };
  }

  async #create(request: ProvisionRequest, pending: Pending): Promise<RuntimeEngine> {
    const { hostPort } = request;
    if (hostPort !== undefined) this.#reservePort(pending, hostPort);
    // A requested port has no alternative, but the HTTPS port chosen beside it has.
    const attempts = hostPort !== undefined && this.#runtime.mapsPorts ? 1 : MAX_PORT_ATTEMPTS;
    for (let attempt = 1; ; attempt += 1) {
      const ports = await this.#reserve(pending, hostPort);
      try {
        return await this.#start(request, pending, ports);
      } catch (error) {
        this.#reservations.release(pending.name!);
        if (error instanceof CapacityReachedError) throw this.#blockedByMaximum();
        if (!(error instanceof RoundhouseError)) throw error;
        const neededMs = this.#retryMs(error, request);
        if (neededMs === null) throw error;
        if (attempt < attempts && this.#remainingMs(pending) > neededMs) continue;
        // `port_taken` makes sense only to a client that requested the port.
        throw error.code === 'port_taken' && hostPort === undefined ? noFreePort(pending, error) : error;
      }
    }
  }

  /** The time that another attempt on another port needs, in milliseconds; null if it would fail too. */
  #retryMs({ code }: RoundhouseError, { hostPort }: ProvisionRequest): number | null {
    if (code === 'port_taken') return 0;
    // Its port may be in use. An attempt that cannot be watched would be reported as a success.
    if (code === 'engine_exited' && hostPort === undefined) return this.#runtime.settleMs;
    return null;
  }

  /** Starts an engine on ports that are reserved. */
  async #start(request: ProvisionRequest, pending: Pending, ports: EnginePorts): Promise<RuntimeEngine> {
    const { labels = {}, env = {}, settle = false } = request;
    const { name, vpnContainer, forwardedPort } = pending;
    const network = {
      ...(vpnContainer === null ? {} : { vpnContainer }),
      ...(forwardedPort === null ? {} : { forwardedPort }),
    };
    const sequence = this.#registry.nextSequence();
    const custom = this.#readCustom();
    const spec = { name: name!, ports, labels, env, ...(custom && { custom }), ...network };
    const engine = await this.#runtime.create(spec, this.#remainingMs(pending));
    this.#reserved.set(engine.id, engine.name);
    this.#registry.add(engine, sequence);
    const settleMs = Math.min(this.#runtime.settleMs, this.#remainingMs(pending));
    const parts = { registry: this.#registry, bus: this.#bus, clock: this.#clock };
    const { runs, exitCode } = await settleEngine(engine.id, settle ? settleMs : 0, parts);
    // It may have stopped without an event, before it was added.
    if (!runs) this.#releaseReservation(engine.id);
    if (runs || !settle) return engine;
    throw new RoundhouseError(
      'engine_exited',
      `The engine exited${exitCode === undefined ? '' : ` with code ${exitCode}`} right after its start on port ${ports.hostHttp}: check its image, its command and its settings`,
    );
  }

  /** Chooses ports and a name, and reserves them among all orchestrators. */
  async #reserve(pending: Pending, requested: number | undefined): Promise<EnginePorts> {
    let foreign: ReadonlySet<string> = new Set();
    for (let attempt = 1; attempt <= MAX_RESERVATION_ATTEMPTS; attempt += 1) {
      const ports = this.#choosePorts(pending, requested, foreign);
      pending.name = `roundhouse-engine-${ports.hostHttp}-${randomBytes(3).toString('hex')}`;
      const outcome = await this.#reservations.reserve({
        name: pending.name,
        claims: [...hostPorts(ports, this.#runtime), ...forwardedClaims(pending)].map(String),
        known: this.#registry.list().map(({ name }) => name),
        maxEngines: this.#limits.maxReplicas,
      });
      if (outcome.kind === 'reserved') return ports;
      if (outcome.kind === 'full') throw this.#blockedByMaximum();
      foreign = outcome.claims;
      if (requested !== undefined && foreign.has(String(requested)))
        throw new RoundhouseError('port_taken', `Port ${requested} is in use by another engine`);
      // Another orchestrator has started an engine with it.
      if (forwardedClaims(pending).some((claim) => foreign.has(claim))) pending.forwardedPort = null;
    }
    throw new RoundhouseError('no_free_port', 'Other orchestrators reserved every port that was tried');
  }

  #blockedByMaximum(): ProvisioningBlockedError {
    return new ProvisioningBlockedError(
      maximumReached(this.#limits.maxReplicas, this.#limits.capacityEtaS ?? CAPACITY_ETA_S),
    );
  }

  #releaseReservation(id: string): void {
    const name = this.#reserved.get(id);
    this.#reserved.delete(id);
    if (name !== undefined) this.#reservations.release(name);
  }

  /** How much longer the client can be kept waiting. */
  #remainingMs({ requestedAt }: Pending): number {
    return Math.max(0, DEFAULT_CREATE_WAIT_MS - (this.#clock.now() - requestedAt));
  }

  #choosePorts(pending: Pending, requested: number | undefined, foreign: ReadonlySet<string>): EnginePorts {
    const hostHttp = requested ?? this.#reservePort(pending, undefined, foreign);
    if (this.#runtime.mapsPorts)
      return { hostHttp, containerHttp: DEFAULT_PORTS.http, containerHttps: DEFAULT_PORTS.https };
    const containerHttps = this.#reservePort(pending, undefined, foreign);
    return { hostHttp, containerHttp: hostHttp, containerHttps };
  }

  #reservePort(pending: Pending, requested?: number, foreign: ReadonlySet<string> = new Set()): number {
    const port = this.#ports.reserve(requested, pending.portRange, [...foreign].map(Number));
    pending.ports.push(port);
    return port;
  }
}

function noFreePort({ ports }: Pending, cause: unknown): RoundhouseError {
  const message = `Other programs use the ports that were tried: ${ports.join(', ')}`;
  return new RoundhouseError('no_free_port', message, { cause });
}

/** A VPN forwards its port to one engine. */
function forwardedClaims({ vpnContainer, forwardedPort }: VpnAssignment): string[] {
  return forwardedPort === null ? [] : [`${vpnContainer}:${forwardedPort}`];
}

function hostPorts(ports: EnginePorts, { mapsPorts }: EngineRuntime): number[] {
  return mapsPorts ? [ports.hostHttp] : [ports.hostHttp, ports.containerHttps];
}

/** The host ports that running engines use, for a {@link PortPool}. */
export function portsInUse(registry: EngineRegistry, runtime: EngineRuntime): number[] {
  return registry.list().flatMap(({ ports }) => hostPorts(ports, runtime));
}
