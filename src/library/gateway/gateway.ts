import { createSecureContext, rootCertificates } from 'node:tls';
import { createSystemClock } from '../util/clock.ts';
import { NetworkPolicy } from './access/network-policy.ts';
import { browserArguments } from './browser-arguments.ts';
import { MemoryResponseStore } from './cache/memory-response-store.ts';
import { ResponseCache } from './cache/response-cache.ts';
import { StoreAccess } from './cache/store-access.ts';
import { Lane } from './lane/lane.ts';
import type { GatewayOptions, LaneOptions } from './options.ts';
import { issueCertificate, spkiHash } from './tls/certificate.ts';
import { TrafficCounters } from './traffic.ts';
import { parseStandIns } from './upstream/connector.ts';
import { Upstream } from './upstream/upstream.ts';

const DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024;
const DEFAULT_STORE_TIMEOUT_MS = 2000;
const CERTIFICATE_DAYS = 365;

/**
 * Opens a gateway: a caching forward proxy for browsers, with one port on loopback for each browser session.
 * @throws RangeError for invalid options
 */
export async function openGateway(options: GatewayOptions = {}): Promise<Gateway> {
  return new Gateway(options);
}

/** A caching forward proxy for browsers. Opened by {@link openGateway}. */
export class Gateway implements AsyncDisposable {
  readonly #options: GatewayOptions;
  readonly #cache: ResponseCache;
  readonly #lanes = new Set<Lane>();
  readonly #lanePorts = new Set<number>();
  readonly #upstreams = new Map<string, { policy: NetworkPolicy; upstream: Upstream }>();
  readonly #namespaces = new Map<string, TrafficCounters>();
  readonly #certificate = issueCertificate({ name: 'Roundhouse gateway', hosts: [], days: CERTIFICATE_DAYS });
  readonly #secureContext;
  #laneNumber = 0;

  /** Use {@link openGateway}. */
  constructor(options: GatewayOptions) {
    const { clock = createSystemClock(), wallClock = Date.now, onError = () => {} } = options;
    this.#options = options;
    const report = (error: unknown, url: string) => {
      try {
        onError(error, url);
      } catch {
        // A callback that throws must not fail the request.
      }
    };
    const access = new StoreAccess({
      store: options.store ?? new MemoryResponseStore({ wallClock }),
      memoryBytes: options.memoryBytes ?? DEFAULT_MEMORY_BYTES,
      timeoutMs: options.storeTimeoutMs ?? DEFAULT_STORE_TIMEOUT_MS,
      clock,
      wallClock,
      onError: report,
    });
    const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    this.#cache = new ResponseCache({ access, maxBodyBytes, wallClock, onError: report });
    const { cert, privateKey } = this.#certificate;
    this.#secureContext = createSecureContext({
      cert,
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
  }

  /**
   * Options for Playwright's `chromium.launch`. Give each context the `contextOptions` of a lane. Playwright
   * creates the user data directory itself.
   */
  get launchOptions(): { args: string[] } {
    return { args: browserArguments(spkiHash(this.#certificate.publicKey)) };
  }

  /**
   * Opens a lane: a port for one browser session.
   * @throws RangeError for invalid options
   */
  async openLane(options: LaneOptions = {}): Promise<Lane> {
    this.#laneNumber += 1;
    const namespace = options.namespace ?? `lane-${process.pid}-${this.#laneNumber}-${Date.now()}`;
    const lane = new Lane(options, {
      ...this.#upstreamFor(options),
      namespace,
      cache: this.#cache,
      secureContext: () => this.#secureContext,
      spki: spkiHash(this.#certificate.publicKey),
      userIds: this.#userIds(),
      counters: [new TrafficCounters(), this.#countersOf(namespace)],
      onClose: (closed) => {
        this.#lanes.delete(closed);
        this.#lanePorts.delete(closed.port);
      },
    });
    this.#lanePorts.add(await lane.listen());
    this.#lanes.add(lane);
    return lane;
  }

  /** Closes all lanes and connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#lanes].map((lane) => lane.close()));
    await this.#cache.close();
    await Promise.all([...this.#upstreams.values()].map(({ upstream }) => upstream.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #countersOf(namespace: string): TrafficCounters {
    let counters = this.#namespaces.get(namespace);
    if (!counters) {
      counters = new TrafficCounters();
      this.#namespaces.set(namespace, counters);
    }
    return counters;
  }

  /** Lanes share connections if they have the same permissions: a connection is checked when it is made. */
  #upstreamFor({ allow = [], resolve = {} }: LaneOptions): { policy: NetworkPolicy; upstream: Upstream } {
    const name = JSON.stringify([[...allow].sort(), Object.entries(resolve).sort()]);
    let shared = this.#upstreams.get(name);
    if (!shared) {
      const { deny = [], timeouts = {}, trust = [] } = this.#options;
      const policy = new NetworkPolicy({ allow, deny, lanePorts: this.#lanePorts });
      const upstream = new Upstream({
        policy,
        standIns: parseStandIns(resolve),
        timeouts,
        ca: trust.length === 0 ? [] : [...rootCertificates, ...trust],
      });
      shared = { policy, upstream };
      this.#upstreams.set(name, shared);
    }
    return shared;
  }

  #userIds(): ReadonlySet<number> | undefined {
    if (process.platform !== 'linux') return undefined;
    return new Set(this.#options.userIds ?? [process.getuid!()]);
  }
}
