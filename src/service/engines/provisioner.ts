import { randomBytes } from 'node:crypto';
import type { Clock } from '../../library/cache/index.ts';
import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';
import { type Blocked, findBlock, VPN_DISCONNECTED } from './blocked.ts';
import type { CircuitBreaker } from './breaker.ts';
import { type EngineVpn, type Placed, placeEngine } from './placement.ts';
import type { PortPool, PortRange } from './ports.ts';
import { Probation } from './probation.ts';
import type { EngineRegistry } from './registry.ts';
import { ANSWER_WITHIN_MS, type EnginePorts, type EngineRuntime, type RuntimeEngine } from './runtime.ts';

/** A port of the range may be held by a program that is not ours; so many are tried. */
const PORT_ATTEMPTS = 5;
/** What an engine listens on where its ports are mapped. */
const USUAL_PORTS = { http: 6878, https: 6879 };
/** Failures that tell nothing about whether engines can be started here. */
const NOT_THE_HOSTS_FAULT = new Set([
  'port_taken',
  'port_out_of_range',
  'no_free_port',
  'runtime_unavailable',
]);

export interface ProvisionRequest {
  labels?: Record<string, string>;
  env?: Record<string, string>;
  hostPort?: number;
  /** Name of the VPN whose network the engine is to use. */
  vpn?: string;
}

/** What provisioning needs to know of the VPN. */
export interface ProvisioningVpn {
  enabled: boolean;
  connected: boolean;
  /** The VPNs to share engines out over; unset where the runtime does not put engines into a VPN's network. */
  placements?: readonly EngineVpn[];
}

/** Provisioning was refused before anything was tried. */
export class ProvisioningBlockedError extends RoundhouseError {
  readonly blocked: Blocked;

  constructor(blocked: Blocked) {
    super('provisioning_blocked', blocked.message);
    // Its own, because the one given may be part of a cached answer, and so frozen: an error is not.
    this.blocked = { ...blocked };
  }
}

/** An engine that is being provisioned. */
interface Pending extends Placed {
  /** The name it has been or is to be started under. */
  name?: string;
  /** Ports kept for it. */
  readonly ports: number[];
  /** Where its ports are taken from; unset: from the whole range. */
  readonly portRange?: PortRange;
  /** When it was asked for, in milliseconds of the clock. */
  readonly askedAt: number;
}

/** Starts and removes engines: the one way in which either happens. */
export class Provisioner {
  readonly #runtime: EngineRuntime;
  readonly #registry: EngineRegistry;
  readonly #ports: PortPool;
  readonly #breaker: CircuitBreaker;
  readonly #probation: Probation;
  readonly #clock: Clock;
  readonly #maxReplicas: number;
  readonly #readVpn: () => Promise<ProvisioningVpn>;
  /** Engines being provisioned: they count against the maximum before the runtime tells of them. */
  readonly #pending = new Set<Pending>();

  constructor(parts: {
    runtime: EngineRuntime;
    registry: EngineRegistry;
    ports: PortPool;
    breaker: CircuitBreaker;
    bus: EventBus;
    clock: Clock;
    maxReplicas: number;
    readVpn: () => Promise<ProvisioningVpn>;
  }) {
    this.#runtime = parts.runtime;
    this.#registry = parts.registry;
    this.#ports = parts.ports;
    this.#breaker = parts.breaker;
    this.#probation = new Probation(parts.registry, parts.bus);
    this.#clock = parts.clock;
    this.#maxReplicas = parts.maxReplicas;
    this.#readVpn = parts.readVpn;
  }

  /** Engines being provisioned that the runtime has not told of yet. */
  get pending(): number {
    return this.#unknown.length;
  }

  /** Engines there are or will be. */
  get count(): number {
    return this.#registry.size + this.pending;
  }

  /** Which VPN each of them uses or will use, without those that are on their way out. */
  get placed(): Placed[] {
    const staying = this.#registry.list().filter(({ id }) => !this.#registry.isLeaving(id));
    return [...staying, ...this.#unknown];
  }

  get #unknown(): Pending[] {
    const known = new Set<string | undefined>(this.#registry.list().map(({ name }) => name));
    return [...this.#pending].filter(({ name }) => !known.has(name));
  }

  /** Why an engine could not be provisioned now, or null. */
  findBlock(vpn: { enabled: boolean; connected: boolean }): Blocked | null {
    const breaker = { allows: this.#breaker.allows, recoveryEtaS: this.#breaker.snapshot().recoveryEtaS };
    return findBlock({ vpn, breaker, engines: this.count, maxReplicas: this.#maxReplicas });
  }

  /**
   * Starts one engine and returns once it is accepted as starting.
   * @throws ProvisioningBlockedError, or RoundhouseError with the codes of `EngineRuntime.create` and
   *   `PortPool.reserve`.
   */
  async provision(request: ProvisionRequest = {}): Promise<RuntimeEngine> {
    if (request.hostPort !== undefined) this.#ports.assertInRange(request.hostPort);
    this.#registry.assertAvailable();
    const askedAt = this.#clock.now();
    const vpn = await this.#readVpn();
    const blocked = this.findBlock(vpn);
    if (blocked) throw new ProvisioningBlockedError(blocked);
    // From the check above to here nothing is awaited, so no other call can pass the same check, or see
    // the same VPN as the one with the fewest engines.
    const pending: Pending = { ports: [], askedAt, ...this.#place(request, vpn) };
    this.#pending.add(pending);
    const attempt = this.#breaker.begin();
    const asOf = this.#registry.mark();
    try {
      const engine = await this.#create(request, pending);
      this.#registry.add(engine, asOf);
      this.#probation.begin(engine.id, attempt);
      return engine;
    } catch (error) {
      if (error instanceof RoundhouseError && NOT_THE_HOSTS_FAULT.has(error.code)) attempt.abandon();
      else attempt.fail();
      throw error;
    } finally {
      this.#pending.delete(pending);
      this.#ports.release(pending.ports);
    }
  }

  /** @throws RoundhouseError `engine_not_found`; nothing but managed engines is ever touched. */
  async remove(id: string): Promise<void> {
    this.#registry.assertAvailable();
    if (!this.#registry.get(id))
      throw new RoundhouseError('engine_not_found', `No managed engine has the id ${id}`);
    await this.#registry.delete(id, () => this.#runtime.remove(id));
  }

  #place(request: ProvisionRequest, { placements }: ProvisioningVpn): Omit<Pending, 'ports' | 'askedAt'> {
    if (!placements) return { vpnContainer: null, forwardedPort: null };
    const placement = placeEngine(placements, this.placed, request);
    if (!placement) throw new ProvisioningBlockedError(VPN_DISCONNECTED);
    const { ports: portRange, ...placed } = placement;
    return { ...placed, portRange };
  }

  async #create(request: ProvisionRequest, pending: Pending): Promise<RuntimeEngine> {
    const { labels = {}, env = {}, hostPort } = request;
    const { vpnContainer, forwardedPort } = pending;
    const network = {
      ...(vpnContainer === null ? {} : { vpnContainer }),
      ...(forwardedPort === null ? {} : { forwardedPort }),
    };
    if (hostPort !== undefined) this.#reserve(pending, hostPort);
    // A port that was wished for has no stand-in, but the HTTPS port beside it, which nobody chose, has.
    const attempts = hostPort !== undefined && this.#runtime.mapsPorts ? 1 : PORT_ATTEMPTS;
    for (let attempt = 1; ; attempt += 1) {
      const ports = this.#choosePorts(pending, hostPort);
      const name = `roundhouse-engine-${ports.hostHttp}-${randomBytes(3).toString('hex')}`;
      pending.name = name;
      try {
        return await this.#runtime.create({ name, ports, labels, env, ...network }, this.#leftMs(pending));
      } catch (error) {
        const portTaken = error instanceof RoundhouseError && error.code === 'port_taken';
        if (!portTaken) throw error;
        if (attempt < attempts && this.#leftMs(pending) > 0) continue;
        // "Taken" is an answer to who asked for the port, and to nobody else.
        throw hostPort === undefined ? noPortFound(pending, error) : error;
      }
    }
  }

  /** How much longer whoever asked for the engine can be made to wait. */
  #leftMs({ askedAt }: Pending): number {
    return Math.max(0, ANSWER_WITHIN_MS - (this.#clock.now() - askedAt));
  }

  #choosePorts(pending: Pending, wished: number | undefined): EnginePorts {
    const hostHttp = wished ?? this.#reserve(pending);
    if (this.#runtime.mapsPorts)
      return { hostHttp, containerHttp: USUAL_PORTS.http, containerHttps: USUAL_PORTS.https };
    return { hostHttp, containerHttp: hostHttp, containerHttps: this.#reserve(pending) };
  }

  #reserve(pending: Pending, wished?: number): number {
    const port = this.#ports.reserve(wished, pending.portRange);
    pending.ports.push(port);
    return port;
  }
}

function noPortFound({ ports }: Pending, cause: unknown): RoundhouseError {
  const message = `Other programs hold the ports that were tried: ${ports.join(', ')}`;
  return new RoundhouseError('no_free_port', message, { cause });
}

/** The host ports that engines hold, for a {@link PortPool}. */
export function portsInUse(registry: EngineRegistry, runtime: EngineRuntime): number[] {
  return registry
    .list()
    .flatMap(({ ports }) => (runtime.mapsPorts ? [ports.hostHttp] : [ports.hostHttp, ports.containerHttps]));
}
