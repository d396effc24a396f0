import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { canonicalName } from '../access/host-pattern.ts';
import type { NetworkPolicy } from '../access/network-policy.ts';
import { browserArguments, disabledFeatures, proxyArguments } from '../browser-arguments.ts';
import { redactUrl } from '../cache/key.ts';
import type { CacheReply, ResponseCache } from '../cache/response-cache.ts';
import { GatewayError } from '../errors.ts';
import { callHandler, HostHandlers } from '../host-handlers.ts';
import type { LaneRequest, LaneResponse } from '../message.ts';
import type { LaneMode, LaneOptions } from '../options.ts';
import type { ResourceRanking } from '../resource-ranking.ts';
import { RuleSet } from '../rules/rule-set.ts';
import type { TrafficCounters, TrafficStats } from '../traffic.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type Explanation, LatestRequests } from './explain.ts';
import { isBackgroundRequest } from './background-requests.ts';
import { headerBytes } from './header-bytes.ts';
import { InjectedHeaders } from './injected-headers.ts';
import { LaneServer } from './lane-server.ts';
import { MissList } from './miss-list.ts';
import type { TunnelTarget } from './target.ts';
import { passWebSocket } from './websocket.ts';

/** Deadline of a request that warms the store. */
const WARM_TIMEOUT_MS = 120_000;

/** Figures of a lane since it was opened. */
export interface LaneStats extends TrafficStats {
  /** Requests refused because of `block`, or because their destination is not permitted. */
  readonly blocked: number;
  /** Chromium's own requests, such as those for updates, which are refused too. */
  readonly background: number;
  /** Connections and requests that were refused before they had a URL. */
  readonly refused: number;
  /** Requests that failed at the origin or on the way to it. */
  readonly failures: number;
  /** Bytes of WebSocket connections after the handshake. */
  readonly webSocketBytes: { readonly toBrowser: number; readonly toUpstream: number };
  /** Bytes of closed connections of the browser, with header fields, TLS and framing. */
  readonly connectionBytes: { readonly received: number; readonly sent: number };
}

/** What a {@link Lane} works with. */
export interface LaneContext {
  readonly namespace: string;
  readonly cache: ResponseCache;
  readonly upstream: Upstream;
  readonly policy: NetworkPolicy;
  readonly secureContext: (hostname: string) => SecureContext;
  /** Base64 SHA-256 hash of the certificate's public key; undefined if the browser trusts the issuer. */
  readonly spki: string | undefined;
  readonly userIds: ReadonlySet<number> | undefined;
  /** Of this lane and of its namespace. */
  readonly counters: readonly [TrafficCounters, TrafficCounters];
  /** Of the namespace. */
  readonly ranking: ResourceRanking;
  readonly onClose: (lane: Lane) => void;
}

/** A port for one browser session. Made by `openLane`. */
export class Lane implements AsyncDisposable {
  readonly #context: LaneContext;
  readonly #server: LaneServer;
  readonly #rules: RuleSet;
  readonly #block: RuleSet;
  readonly #hosts: HostHandlers;
  readonly #injected: InjectedHeaders;
  readonly #misses = new MissList();
  readonly #latest = new LatestRequests();
  readonly #counts = { blocked: 0, background: 0, refused: 0, failures: 0 };
  readonly #webSocketBytes = { toBrowser: 0, toUpstream: 0 };
  readonly #connectionBytes = { received: 0, sent: 0 };
  #mode: LaneMode;
  #port = 0;
  #profile: string | undefined;

  /** Use `openLane`. @throws RangeError for invalid options */
  constructor(options: LaneOptions, context: LaneContext) {
    const { rules = ['*'], block = [], hosts = {}, requestHeaders = [], mode = 'record' } = options;
    this.#context = context;
    this.#rules = new RuleSet(rules);
    this.#block = new RuleSet(block);
    this.#hosts = new HostHandlers(hosts);
    this.#injected = new InjectedHeaders(requestHeaders);
    this.#mode = mode;
    this.#server = new LaneServer({
      respond: (request) => this.#respond(request),
      upgrade: (request, socket, head) => this.#upgrade(request, socket, head),
      secureContext: context.secureContext,
      checkTunnel: (target) => this.#checkTunnel(target),
      userIds: context.userIds,
      onRefused: () => {
        this.#counts.refused += 1;
      },
      onConnectionClosed: (received, sent) => {
        this.#connectionBytes.received += received;
        this.#connectionBytes.sent += sent;
      },
    });
  }

  /** Listens. Called by `openLane`. */
  async listen(): Promise<number> {
    this.#port = await this.#server.listen();
    return this.#port;
  }

  /** The port on 127.0.0.1. */
  get port(): number {
    return this.#port;
  }

  /** Lanes with the same namespace share kept responses. */
  get namespace(): string {
    return this.#context.namespace;
  }

  /** Address of the proxy, such as `http://127.0.0.1:41234`. It takes no credentials. */
  get proxyUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /**
   * All arguments for a Chromium that you start: the proxy, the accepted certificate, no requests past the proxy,
   * and a temporary user data directory, without which Chromium ignores the certificate's argument. The
   * directory is created at the first access and removed by `close`.
   */
  get launchArgs(): string[] {
    this.#profile ??= mkdtempSync(join(tmpdir(), 'roundhouse-profile-'));
    return [
      ...proxyArguments(this.proxyUrl),
      ...browserArguments(this.#context.spki),
      disabledFeatures(),
      `--user-data-dir=${this.#profile}`,
    ];
  }

  /**
   * Options for Playwright's `browser.newContext`: one browser can have a context for each lane. Start the browser
   * with the gateway's `launchOptions`.
   */
  get contextOptions(): { proxy: { server: string; bypass: string } } {
    return { proxy: { server: this.proxyUrl, bypass: '<-loopback>' } };
  }

  /** What the lane does with kept responses. */
  get mode(): LaneMode {
    return this.#mode;
  }

  /** Changes the mode. Applies to requests from now on. */
  setMode(mode: LaneMode): void {
    this.#mode = mode;
  }

  /** Figures of the lane. */
  stats(): LaneStats {
    return {
      ...this.#context.counters[0].snapshot(),
      ...this.#counts,
      webSocketBytes: { ...this.#webSocketBytes },
      connectionBytes: { ...this.#connectionBytes },
    };
  }

  /** URLs that were missing in the mode `offline`, each once, without redacted parameters. */
  misses(): string[] {
    return this.#misses.list();
  }

  /** Says which rule applies to a URL, and what became of the latest request for it. */
  explain(url: string): Explanation {
    const rule = this.#rules.find(url);
    return {
      rule: rule?.match,
      excluded: this.#rules.excludes(url),
      blocked: this.#block.find(url) !== undefined,
      mode: this.#mode,
      latest: this.#latest.get(redactUrl(url, rule?.redact ?? [])),
    };
  }

  /**
   * Requests URLs as a browser of this lane would, so that their responses are kept.
   * @returns the URLs whose request failed, or whose response has a status of 400 or more
   */
  async warm(urls: Iterable<string>, { concurrency = 8 }: { concurrency?: number } = {}): Promise<string[]> {
    const failed: string[] = [];
    const waiting = [...urls];
    const work = async () => {
      for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
        if (!(await this.#warmOne(url))) failed.push(url);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    return failed;
  }

  async #warmOne(url: string): Promise<boolean> {
    const headers = { accept: '*/*', 'accept-encoding': 'gzip, deflate, br, zstd', 'sec-fetch-site': 'warm' };
    try {
      const request = { url: new URL(url).href, method: 'GET', headers, body: undefined };
      const { status, body, onSent } = await this.#respond({
        ...request,
        signal: AbortSignal.timeout(WARM_TIMEOUT_MS),
      });
      let bytes = body instanceof Uint8Array ? body.byteLength : 0;
      if (!(body instanceof Uint8Array)) for await (const chunk of body) bytes += chunk.length;
      onSent?.(bytes);
      return status < 400;
    } catch {
      return false;
    }
  }

  /** Ends all connections, frees the port and removes the user data directory. Kept responses stay. */
  async close(): Promise<void> {
    this.#context.onClose(this);
    await this.#server.close();
    if (this.#profile !== undefined) await rm(this.#profile, { recursive: true, force: true, maxRetries: 3 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkTunnel({ hostname, port }: TunnelTarget): void {
    if (this.#hosts.find(hostname)) return;
    try {
      this.#context.policy.checkHost({ host: hostname, port });
    } catch (error) {
      this.#counts.blocked += 1;
      throw error;
    }
  }

  async #respond(request: LaneRequest): Promise<LaneResponse> {
    const { host, hostname } = new URL(request.url);
    this.#checkUrl(request);
    const handler = this.#hosts.find(hostname);
    const rule = this.#rules.find(request.url);
    const startedHeaderBytes = headerBytes(request.headers) + request.url.length + request.method.length;
    let bytesFromUpstream = 0;
    let reply: CacheReply;
    try {
      reply = handler
        ? { response: await callHandler(handler, request), result: 'bypass', bypassReason: 'handler' }
        : await this.#throughCache(request, rule, (bytes) => {
            bytesFromUpstream += bytes;
          });
    } catch (error) {
      if (error instanceof GatewayError) this.#countFailure(error);
      throw error;
    }
    const { response, result, bypassReason } = reply;
    const url = redactUrl(request.url, rule?.redact ?? []);
    this.#latest.add(url, reply);
    return {
      ...response,
      onSent: (bytesToBrowser) => {
        response.onSent?.(bytesToBrowser);
        const completed = {
          host: canonicalName(host),
          type: mediaType(response.headers['content-type']),
          rule: rule?.match,
          result,
          bypassReason,
          bytesToBrowser,
          bytesFromUpstream,
          headerBytes: startedHeaderBytes + headerBytes(response.headers),
        };
        for (const counters of this.#context.counters) counters.add(completed);
        this.#context.ranking.add(url, result === 'hit', bytesToBrowser);
      },
    };
  }

  async #throughCache(
    request: LaneRequest,
    rule: ReturnType<RuleSet['find']>,
    onReceived: (bytes: number) => void,
  ): Promise<CacheReply> {
    const { cache, upstream, namespace } = this.#context;
    const headers = this.#injected.apply(request.url, request.headers);
    return cache.handle({
      request: headers === request.headers ? request : { ...request, headers },
      namespace,
      rule,
      mode: this.#mode,
      credentialNames: this.#injected.credentialNames,
      forward: (fields, signal) => upstream.request({ ...request, signal }, fields),
      onReceived,
    });
  }

  async #upgrade(request: LaneRequest, socket: Duplex, head: Buffer): Promise<void> {
    this.#checkUrl(request);
    if (this.#mode === 'offline') {
      const { url } = request;
      throw this.#countFailure(new GatewayError('offline_miss', 'The lane is offline.', { url }));
    }
    const headers = this.#injected.apply(request.url, request.headers);
    const forwarded = { ...request, headers };
    await passWebSocket(this.#context.upstream, forwarded, socket, head, (toBrowser, toUpstream) => {
      this.#webSocketBytes.toBrowser += toBrowser;
      this.#webSocketBytes.toUpstream += toUpstream;
    }).catch((error) => {
      throw this.#countFailure(error);
    });
    for (const counters of this.#context.counters) {
      counters.add({
        host: canonicalName(new URL(request.url).host),
        type: 'websocket',
        rule: undefined,
        result: 'bypass',
        bypassReason: 'websocket',
        bytesToBrowser: 0,
        bytesFromUpstream: 0,
        headerBytes: headerBytes(request.headers),
      });
    }
  }

  /** @throws GatewayError for a URL in `block`, and for Chromium's own requests */
  #checkUrl({ url, headers }: LaneRequest): void {
    if (this.#block.find(url)) {
      this.#counts.blocked += 1;
      throw new GatewayError('http_request_denied', `${new URL(url).origin} is blocked for this lane.`);
    }
    if (isBackgroundRequest(url, headers['sec-fetch-site'] as string | undefined)) {
      this.#counts.background += 1;
      throw new GatewayError('http_request_denied', 'Requests of the browser itself are blocked.');
    }
  }

  #countFailure(error: GatewayError): GatewayError {
    if (error.code === 'destination_ip_prohibited') this.#counts.blocked += 1;
    else if (error.code === 'offline_miss') this.#misses.add(error.url ?? '');
    else this.#counts.failures += 1;
    return error;
  }
}

function mediaType(field: string | string[] | undefined): string {
  return String(field ?? '')
    .split(';', 1)[0]!
    .trim()
    .toLowerCase();
}
