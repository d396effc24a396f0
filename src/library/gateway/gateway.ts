import { rootCertificates } from 'node:tls';
import { type DiskStore, openDiskStore } from '../disk-store/index.ts';
import { createSystemClock } from '../util/clock.ts';
import { NetworkPolicy } from './access/network-policy.ts';
import { browserArguments } from './browser-arguments.ts';
import {
  clearMatching,
  type KeptPage,
  keptUrls,
  type ListOptions,
  listByHits,
  listKept,
  type RuleUsage,
  usageByRule,
} from './cache/kept-resources.ts';
import { MemoryResponseStore } from './cache/memory-response-store.ts';
import { ResponseCache } from './cache/response-cache.ts';
import type { ResponseStore, StoreUsage } from './cache/store.ts';
import { StoreAccess } from './cache/store-access.ts';
import { Lane } from './lane/lane.ts';
import type { GatewayOptions, LaneOptions } from './options.ts';
import { ResourceRanking, type ResourceUse } from './resource-ranking.ts';
import { type CertificateSource, mintedSource, selfSignedSource } from './tls/certificate-source.ts';
import { TrafficCounters, type TrafficStats } from './traffic.ts';
import { parseStandIns } from './upstream/connector.ts';
import { Upstream } from './upstream/upstream.ts';

const DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024;
const DEFAULT_STORE_TIMEOUT_MS = 2000;

/** Figures of a namespace since the gateway was opened. */
export interface NamespaceStats extends TrafficStats {
  /** The resources that were requested most, at most 20. */
  readonly mostUsed: readonly ResourceUse[];
}

/**
 * Opens a gateway: a caching forward proxy for browsers, with one port on loopback for each browser session.
 * @throws RangeError for invalid options, DiskStoreError if `dir` cannot be used
 */
export async function openGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { dir, store, ca = 'self-signed', caDir, maxBytes, onError, wallClock } = options;
  if (dir !== undefined && store) throw new RangeError('use either "dir" or "store"');
  if (ca === 'minted' && caDir === undefined) throw new RangeError('ca: "minted" requires "caDir"');
  const certificates = ca === 'minted' ? await mintedSource(caDir!) : selfSignedSource();
  const limit = maxBytes === undefined ? {} : { maxBytes };
  const disk =
    dir === undefined
      ? undefined
      : await openDiskStore({
          dir,
          ...limit,
          ...(wallClock && { wallClock }),
          onError: (error) => onError?.(error, ''),
        });
  const own = disk ?? store ?? new MemoryResponseStore({ ...limit, ...(wallClock && { wallClock }) });
  return new Gateway(options, own, certificates, disk);
}

/** A caching forward proxy for browsers. Opened by {@link openGateway}. */
export class Gateway implements AsyncDisposable {
  readonly #options: GatewayOptions;
  readonly #store: ResponseStore;
  readonly #certificates: CertificateSource;
  /** A store that the gateway opened itself. */
  readonly #disk: DiskStore | undefined;
  readonly #access: StoreAccess;
  readonly #cache: ResponseCache;
  readonly #lanes = new Set<Lane>();
  readonly #lanePorts = new Set<number>();
  readonly #upstreams = new Map<string, { policy: NetworkPolicy; upstream: Upstream }>();
  readonly #namespaces = new Map<string, { counters: TrafficCounters; ranking: ResourceRanking }>();
  #laneNumber = 0;

  /** Use {@link openGateway}. */
  constructor(
    options: GatewayOptions,
    store: ResponseStore,
    certificates: CertificateSource,
    disk: DiskStore | undefined,
  ) {
    const { clock = createSystemClock(), wallClock = Date.now } = options;
    this.#options = options;
    this.#store = store;
    this.#certificates = certificates;
    this.#disk = disk;
    const onError = (error: unknown, url: string) => {
      try {
        options.onError?.(error, url);
      } catch {
        // A callback that throws must not fail the request.
      }
    };
    this.#access = new StoreAccess({
      store,
      memoryBytes: options.memoryBytes ?? DEFAULT_MEMORY_BYTES,
      timeoutMs: options.storeTimeoutMs ?? DEFAULT_STORE_TIMEOUT_MS,
      clock,
      wallClock,
      onError,
    });
    const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    this.#cache = new ResponseCache({ access: this.#access, maxBodyBytes, wallClock, onError });
  }

  /**
   * Options for Playwright's `chromium.launch`. Give each context the `contextOptions` of a lane. Playwright
   * creates the user data directory itself.
   */
  get launchOptions(): { args: string[] } {
    return { args: browserArguments(this.#certificates.spki) };
  }

  /** With `ca: 'minted'`: the authority's certificate as PEM, to install in browsers. */
  get authority(): string | undefined {
    return this.#certificates.authority;
  }

  /**
   * Opens a lane: a port for one browser session.
   * @throws RangeError for invalid options
   */
  async openLane(options: LaneOptions = {}): Promise<Lane> {
    this.#laneNumber += 1;
    const namespace = options.namespace ?? `lane-${process.pid}-${this.#laneNumber}-${Date.now()}`;
    const { counters, ranking } = this.#namespace(namespace);
    const lane = new Lane(options, {
      ...this.#upstreamFor(options),
      namespace,
      cache: this.#cache,
      secureContext: (hostname) => this.#certificates.secureContext(hostname),
      spki: this.#certificates.spki,
      userIds: this.#userIds(),
      counters: [new TrafficCounters(), counters],
      ranking,
      onClose: (closed) => {
        this.#lanes.delete(closed);
        this.#lanePorts.delete(closed.port);
      },
    });
    this.#lanePorts.add(await lane.listen());
    this.#lanes.add(lane);
    return lane;
  }

  /** Figures of a namespace, over all its lanes, since the gateway was opened. */
  stats(namespace: string): NamespaceStats {
    const { counters, ranking } = this.#namespace(namespace);
    return { ...counters.snapshot(), mostUsed: ranking.top(20) };
  }

  /** Operations of the store that failed or took too long. Each counted as a miss. */
  get storeErrors(): number {
    return this.#access.errors;
  }

  /** How much each namespace of the store contains. Reads no bodies. Rejects if the store fails. */
  usage(): Promise<StoreUsage[]> {
    return this.#store.usage();
  }

  /**
   * How much a namespace of the store contains, by the pattern of the rule. Reads the metadata of all its responses, but
   * no bodies. Rejects if the store fails.
   */
  usageByRule(namespace: string): Promise<Record<string, RuleUsage>> {
    return usageByRule(this.#store, namespace);
  }

  /**
   * The URLs of what a namespace contains, for example for `lane.warm` of another namespace. Without redacted parameters,
   * and without responses that are kept for one set of credentials. Rejects if the store fails.
   */
  urls(namespace: string): AsyncGenerator<string> {
    return keptUrls(this.#store, namespace);
  }

  /**
   * Lists the kept responses of a namespace, a page at a time. Rejects if the store fails.
   * @throws RangeError if the cursor is not from the same kind of listing
   */
  list(namespace: string, options: ListOptions = {}): Promise<KeptPage> {
    const { ranking } = this.#namespace(namespace);
    const listPage = options.sort === 'hits' ? listByHits : listKept;
    return listPage(this.#store, namespace, options, (url) => ranking.hitsOf(url));
  }

  /** Removes all kept responses of a namespace, in constant time. Rejects if the store fails. */
  clear(namespace: string): Promise<void> {
    return this.#access.clear(namespace);
  }

  /**
   * Removes the kept responses of a namespace whose URL matches a pattern, as in rules. Rejects if the store
   * fails.
   * @returns their number
   */
  clearMatching(namespace: string, match: string): Promise<number> {
    return clearMatching(this.#store, this.#access, namespace, match);
  }

  /** Closes all lanes and connections, and the store that the gateway opened. */
  async close(): Promise<void> {
    await Promise.all([...this.#lanes].map((lane) => lane.close()));
    await this.#cache.close();
    await Promise.all([...this.#upstreams.values()].map(({ upstream }) => upstream.close()));
    await this.#disk?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #namespace(name: string) {
    let namespace = this.#namespaces.get(name);
    if (!namespace) {
      namespace = { counters: new TrafficCounters(), ranking: new ResourceRanking() };
      this.#namespaces.set(name, namespace);
    }
    return namespace;
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
