import type { Duplex } from 'node:stream';
import { canonicalName } from '../access/host-pattern.ts';
import type { NetworkPolicy } from '../access/network-policy.ts';
import type { CacheReply } from '../cache/cache-request.ts';
import { redactUrl } from '../cache/key.ts';
import type { ResponseCache } from '../cache/response-cache.ts';
import { GatewayError } from '../errors.ts';
import { callHandler, HostHandlers } from '../host-handlers.ts';
import type { LaneRequest, LaneResponse } from '../message.ts';
import type { LaneMode, LaneOptions } from '../options.ts';
import type { ResourceRanking } from '../resource-ranking.ts';
import type { CompiledRule } from '../rules/rule.ts';
import { RuleSet } from '../rules/rule-set.ts';
import type { TrafficCounters } from '../traffic.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { isBackgroundRequest } from './background-requests.ts';
import { type Explanation, LatestRequests } from './explain.ts';
import { headerBytes } from './header-bytes.ts';
import { InjectedHeaders } from './injected-headers.ts';
import { MissList } from './miss-list.ts';
import type { TunnelTarget } from './target.ts';
import { passWebSocket } from './websocket.ts';

/** What a {@link RequestHandler} works with. */
export interface RequestContext {
  readonly namespace: string;
  readonly cache: ResponseCache;
  readonly upstream: Upstream;
  readonly policy: NetworkPolicy;
  /** Of the lane and of its namespace. */
  readonly counters: readonly [TrafficCounters, TrafficCounters];
  /** Of the namespace. */
  readonly ranking: ResourceRanking;
}

/** Handles the requests of a lane by its options, and counts them. */
export class RequestHandler {
  /** What the lane does with kept responses. */
  mode: LaneMode;
  /** Requests that were not sent, or failed. */
  readonly counts = { blocked: 0, background: 0, refused: 0, failures: 0 };
  readonly webSocketBytes = { toBrowser: 0, toUpstream: 0 };
  /** URLs that were missing in the mode `offline`. */
  readonly misses = new MissList();
  readonly #context: RequestContext;
  readonly #rules: RuleSet;
  readonly #block: RuleSet;
  readonly #hosts: HostHandlers;
  readonly #injected: InjectedHeaders;
  readonly #latest = new LatestRequests();

  /** @throws RangeError for invalid options */
  constructor(options: LaneOptions, context: RequestContext) {
    const { rules = ['*'], block = [], hosts = {}, requestHeaders = [], mode = 'record' } = options;
    this.mode = mode;
    this.#context = context;
    this.#rules = new RuleSet(rules);
    this.#block = new RuleSet(block);
    this.#hosts = new HostHandlers(hosts);
    this.#injected = new InjectedHeaders(requestHeaders);
  }

  /** Says which rule applies to a URL, and what became of the latest request for it. */
  explain(url: string): Explanation {
    const rule = this.#rules.find(url);
    return {
      rule: rule?.match,
      excluded: this.#rules.excludes(url),
      blocked: this.#block.find(url) !== undefined,
      mode: this.mode,
      latest: this.#latest.get(redactUrl(url, rule?.redact ?? [])),
    };
  }

  /** @throws GatewayError if the destination of a tunnel is refused */
  checkTunnel({ hostname, port }: TunnelTarget): void {
    if (!this.#hosts.find(hostname)) this.#checkHost(hostname, port);
  }

  #checkHost(host: string, port: number): void {
    try {
      this.#context.policy.checkHost({ host, port });
    } catch (error) {
      this.counts.blocked += 1;
      throw error;
    }
  }

  /** @throws GatewayError */
  async respond(request: LaneRequest): Promise<LaneResponse> {
    const target = new URL(request.url);
    this.#checkUrl(request);
    const handler = this.#hosts.find(target.hostname);
    // Also before a kept response is served, which needs no connection.
    if (!handler) this.#checkHost(target.hostname, portOf(target));
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
          host: canonicalName(target.host),
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
    rule: CompiledRule | undefined,
    onReceived: (bytes: number) => void,
  ): Promise<CacheReply> {
    const { cache, upstream, namespace } = this.#context;
    const headers = this.#injected.apply(request.url, request.headers);
    return cache.handle({
      request: headers === request.headers ? request : { ...request, headers },
      namespace,
      rule,
      mode: this.mode,
      credentialNames: this.#injected.credentialNames,
      forward: (fields, signal) => upstream.request({ ...request, signal }, fields),
      onReceived,
    });
  }

  /** Passes a WebSocket through. @throws GatewayError if the handshake fails */
  async upgrade(request: LaneRequest, socket: Duplex, head: Buffer): Promise<void> {
    this.#checkUrl(request);
    if (this.mode === 'offline') {
      const { url } = request;
      throw this.#countFailure(new GatewayError('offline_miss', 'The lane is offline.', { url }));
    }
    const headers = this.#injected.apply(request.url, request.headers);
    const forwarded = { ...request, headers };
    await passWebSocket(this.#context.upstream, forwarded, socket, head, (toBrowser, toUpstream) => {
      this.webSocketBytes.toBrowser += toBrowser;
      this.webSocketBytes.toUpstream += toUpstream;
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
      this.counts.blocked += 1;
      throw new GatewayError('http_request_denied', `${new URL(url).origin} is blocked for this lane.`);
    }
    if (isBackgroundRequest(url, headers['sec-fetch-site'] as string | undefined)) {
      this.counts.background += 1;
      throw new GatewayError('http_request_denied', 'Requests of the browser itself are blocked.');
    }
  }

  #countFailure(error: GatewayError): GatewayError {
    if (error.code === 'destination_ip_prohibited') this.counts.blocked += 1;
    else if (error.code === 'offline_miss') this.misses.add(error.url ?? '');
    else this.counts.failures += 1;
    return error;
  }
}

function mediaType(field: string | string[] | undefined): string {
  return String(field ?? '')
    .split(';', 1)[0]!
    .trim()
    .toLowerCase();
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80));
}
