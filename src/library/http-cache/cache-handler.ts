import type { Clock } from '../cache/index.ts';
import { ByteQueue } from './byte-queue.ts';
import { allowsReuse, decidingFields, ignoresStored, inMode } from './cache-mode.ts';
import { type CacheStatus, withCacheStatus } from './cache-status.ts';
import { CollapsedRequest, type ForwardOutcome } from './collapsed-request.ts';
import { Forwarder, type Lookup } from './forwarder.ts';
import { fieldValue, type HeaderFields } from './headers.ts';
import { type CacheRequest, type RequestKey, requestKey, urlKey } from './key.ts';
import { bypassesCache, invalidatedUrls, isCacheableMethod, isUnsafe } from './methods.ts';
import type { HttpCachePolicy } from './options.ts';
import type { OriginResponse, RequestContext } from './origin.ts';
import type { StorageEntry } from './record-store.ts';
import {
  type CompleteReply,
  gatewayTimeout,
  type HttpReply,
  hasNoContent,
  NO_BODY,
  replyFrom,
} from './reply.ts';
import { evaluateReuse, requestDirectives } from './reuse.ts';
import type { HttpCacheCounters } from './stats.ts';
import type { Storage } from './storage.ts';
import type { StoredResponse } from './stored-response.ts';
import { matchesSelectingFields } from './vary.ts';

/** How many responses to other requests a request waits for before it is forwarded itself. */
const MAX_COLLAPSE_ATTEMPTS = 3;

/** What a {@link CacheHandler} works with. */
export interface CacheHandlerOptions {
  /** Where responses are stored. */
  storage: Storage;
  /** Counters that the handler increments. */
  counters: HttpCacheCounters;
  /** Monotonic time, for the timeout of background revalidations. */
  clock: Clock;
  /** Milliseconds since the epoch. */
  wallClock: () => number;
  /** Timeout of a background revalidation, in milliseconds. */
  backgroundTimeoutMs: number;
  /** Called when a background revalidation fails. */
  onError: (error: unknown, url: string) => void;
  /** Names of all services, `''` included. An unsafe request invalidates its URL in each of them. */
  services: readonly string[];
}

/**
 * Handles a request: looks up stored responses, decides whether one can be reused, and forwards the request
 * to the origin otherwise. Shared by `fetch` and the interceptor.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4
 */
export class CacheHandler {
  readonly #options: CacheHandlerOptions;
  readonly #forwarder: Forwarder;
  /** Forwarded requests that others may be collapsed with, by {@link collapseKey}. */
  readonly #collapsed = new Map<string, CollapsedRequest>();
  readonly #background = new Map<AbortController, Promise<void>>();
  #closed = false;

  constructor(options: CacheHandlerOptions) {
    this.#options = options;
    this.#forwarder = new Forwarder(options.storage, options.counters, options.wallClock);
  }

  /** Number of forwarded requests in progress that others may be collapsed with. */
  get inFlight(): number {
    return this.#collapsed.size;
  }

  /**
   * Replies with a fresh stored response, if that takes no promise: most hits do not, and promises would take
   * longer than the rest of the hit.
   * @param suits whether the caller can use a stored response; default: each one
   * @returns undefined if {@link handle} has to handle the request
   */
  handleSync(
    request: CacheRequest,
    policy: HttpCachePolicy,
    suits: (stored: StoredResponse) => boolean = () => true,
  ): CompleteReply | undefined {
    if (request.mode !== 'default' || this.#reasonNotToLookUp(request, policy)) return undefined;
    const { counters, storage } = this.#options;
    const all = storage.findSync(requestKey(request, policy));
    const entry = all && selectResponse(request, all);
    if (!entry || !suits(entry.response)) return undefined;
    const { response } = entry;
    const { action, ageS, ttlS } = evaluateReuse(request.headers, response, entry.residentMs, policy);
    // A stale response needs more than this: counters and perhaps a revalidation.
    if (action !== 'serve' || ttlS <= 0) return undefined;
    const body = hasNoContent(request, response) ? NO_BODY : storage.bodySync(entry);
    if (!body) return undefined;
    const reply = replyFrom(request, response, body, ageS, { hit: true, ttlS });
    counters.hits += 1;
    counters.bytesServed += reply.body.byteLength;
    return reply;
  }

  /** @throws the origin's error, or the abort reason of the context's signal */
  async handle(context: RequestContext): Promise<HttpReply> {
    const reply = await this.#handle(context);
    if (!(reply.body instanceof ByteQueue)) this.#options.counters.bytesServed += reply.body.byteLength;
    return reply;
  }

  async #handle(context: RequestContext): Promise<HttpReply> {
    const { request, policy } = context;
    const uncached = this.#reasonNotToLookUp(request, policy);
    if (uncached) return this.#forwardUncached(context, { fwd: uncached, selectingNames: [] });
    const directives = requestDirectives(request.headers);
    const key = requestKey(request, policy);
    for (let attempts = 0; ; attempts += 1) {
      const lookup = await this.#lookUp(context, key);
      const stored = await this.#serveStored(context, key, lookup);
      if (stored) return stored;
      if (request.mode === 'only-if-cached') throw new Error('no response is stored (cache: only-if-cached)');
      if (directives.has('only-if-cached')) return this.#onlyIfCachedMiss();
      if (request.method === 'HEAD' || request.headers.range !== undefined) {
        return this.#forwardUncached(context, lookup, key);
      }
      const name = collapseKey(context, key, lookup);
      const collapsed =
        attempts < MAX_COLLAPSE_ATTEMPTS && mayCollapse(context) ? this.#collapsed.get(name) : undefined;
      if (!collapsed) return this.#forward(context, key, lookup, name);
      const reply = await this.#collapse(context, lookup, collapsed);
      if (typeof reply === 'object') return reply;
      // Responses to other requests cannot be reused for this one, so it is forwarded next.
      if (reply === 'not reusable') attempts = MAX_COLLAPSE_ATTEMPTS;
    }
  }

  #reasonNotToLookUp(request: CacheRequest, policy: HttpCachePolicy): CacheStatus['fwd'] {
    if (!isCacheableMethod(request, policy)) return 'method';
    if (this.#closed || bypassesCache(request)) return 'bypass';
    // Stored responses are not reused for a no-store request either, so that it bypasses the cache
    // completely.
    const isNoStore = request.mode === 'no-store' || requestDirectives(request.headers).has('no-store');
    return isNoStore ? 'request' : undefined;
  }

  /** Invalidates the responses stored for a URL, in every service. */
  async invalidate(url: string): Promise<void> {
    this.#options.counters.invalidations += 1;
    const urlKeys = this.#options.services.map((service) => urlKey(url, service));
    for (const key of urlKeys) this.#forgetCollapsed(key);
    await Promise.all(urlKeys.map((key) => this.#options.storage.invalidate(key, url)));
  }

  /** Invalidates all stored responses, or those of one service. */
  async clear(service?: string): Promise<void> {
    this.#options.counters.invalidations += 1;
    this.#collapsed.clear();
    await this.#options.storage.clear(service);
  }

  /** Aborts background revalidations and waits for pending writes. Later requests bypass the cache. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#background.keys()) controller.abort(new Error('the HTTP cache is closed'));
    await Promise.all(this.#background.values());
    await this.#options.storage.settled();
  }

  async #lookUp({ request, policy }: RequestContext, key: RequestKey): Promise<Lookup> {
    const { entries: all, generation } = await this.#options.storage.find(key, request.url);
    const entry = selectResponse(request, all);
    const selectingNames = [
      ...new Set(all.flatMap(({ response }) => response.vary.map(([name]) => name))),
    ].sort();
    if (ignoresStored(request.mode)) return { fwd: 'request', generation, selectingNames };
    if (!entry) return { fwd: all.length > 0 ? 'vary-miss' : 'uri-miss', generation, selectingNames };
    const reuse = inMode(
      evaluateReuse(decidingFields(request.headers, request.mode), entry.response, entry.residentMs, policy),
      request.mode,
    );
    return { entry, reuse, fwd: reuse.requiredByRequest ? 'request' : 'stale', generation, selectingNames };
  }

  async #serveStored(
    context: RequestContext,
    key: RequestKey,
    lookup: Lookup,
  ): Promise<HttpReply | undefined> {
    const { entry, reuse } = lookup;
    if (!entry || !reuse || reuse.action === 'validate') return undefined;
    const { request } = context;
    const { counters, storage } = this.#options;
    const body = hasNoContent(request, entry.response) ? NO_BODY : await storage.body(entry, request.url);
    if (!body) return undefined;
    counters.hits += 1;
    if (reuse.ttlS <= 0) counters.stale += 1;
    if (reuse.action === 'serve-and-revalidate' && request.method !== 'HEAD') {
      this.#revalidateInBackground(context, key, lookup);
    }
    return replyFrom(request, entry.response, body, reuse.ageS, { hit: true, ttlS: reuse.ttlS });
  }

  async #forward(context: RequestContext, key: RequestKey, lookup: Lookup, name: string): Promise<HttpReply> {
    this.#options.counters.misses += 1;
    const collapsed = new CollapsedRequest();
    if (allowsCollapsing(context, lookup)) this.#register(name, collapsed);
    return this.#forwarder.forward(context, key, lookup, collapsed);
  }

  #register(name: string, collapsed: CollapsedRequest): void {
    this.#collapsed.set(name, collapsed);
    collapsed.ended.then(() => {
      if (this.#collapsed.get(name) === collapsed) this.#collapsed.delete(name);
    });
  }

  /**
   * Waits for the response to another request and replies with it, if it can be reused for this request too.
   * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4
   */
  async #collapse(
    context: RequestContext,
    lookup: Lookup,
    collapsed: CollapsedRequest,
  ): Promise<HttpReply | 'not reusable' | 'other variant'> {
    const { counters, wallClock } = this.#options;
    let outcome: ForwardOutcome;
    try {
      outcome = await collapsed.join(context.signal);
    } catch (error) {
      if (!context.signal.aborted) {
        counters.misses += 1;
        counters.collapsed += 1;
        const reply = await this.#forwarder.serveOnError(context, lookup);
        if (reply) return reply;
      }
      throw error;
    }
    if (outcome === 'not reusable') return outcome;
    const { entry, body, originFailed } = outcome;
    if (!matchesSelectingFields(context.request.headers, entry.response.vary)) return 'other variant';
    const residentMs = originFailed ? entry.residentMs : wallClock() - entry.response.receivedAt;
    const reuse = evaluateReuse(context.request.headers, entry.response, residentMs, context.policy);
    if (originFailed ? !reuse.allowedOnError : reuse.action === 'validate') return 'not reusable';
    counters.misses += 1;
    counters.collapsed += 1;
    if (reuse.ttlS <= 0) counters.stale += 1;
    const status: CacheStatus = { fwd: lookup.fwd, ttlS: reuse.ttlS, collapsed: true };
    return replyFrom(context.request, entry.response, body, reuse.ageS, status);
  }

  /** @see https://www.rfc-editor.org/rfc/rfc5861.html#section-3 */
  #revalidateInBackground(context: RequestContext, key: RequestKey, lookup: Lookup): void {
    const name = collapseKey(context, key, lookup);
    if (this.#closed || this.#collapsed.has(name)) return;
    const { clock, backgroundTimeoutMs, onError } = this.#options;
    const { url, headers } = context.request;
    const controller = new AbortController();
    const cancelTimeout = clock.after(backgroundTimeoutMs, () =>
      controller.abort(
        new Error(`background revalidation of ${url} timed out after ${backgroundTimeoutMs / 1000} s`),
      ),
    );
    const request = { ...context.request, headers: withoutClientConditions(headers) };
    const collapsed = new CollapsedRequest();
    this.#register(name, collapsed);
    const background = { ...context, request, signal: controller.signal };
    const done = this.#forwarder
      .forward(background, key, lookup, collapsed)
      .then((reply) => drain(reply, controller.signal))
      .catch((error) => onError(error, url))
      .finally(() => {
        cancelTimeout();
        this.#background.delete(controller);
      });
    this.#background.set(controller, done);
  }

  /** Forwards a request and passes the response on without storing it. */
  async #forwardUncached(context: RequestContext, lookup: Lookup, key?: RequestKey): Promise<HttpReply> {
    const { request, policy, forward, signal } = context;
    this.#options.counters.bypassed += 1;
    const requestedAt = this.#options.wallClock();
    const forwarded = forward(request.headers);
    const abort = () => forwarded.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const response = await forwarded.response.finally(() => signal.removeEventListener('abort', abort));
    const { status, statusText, headers, body } = response;
    // Before the reply is passed on: the client may read what it has changed as soon as it has the reply.
    if (isUnsafe(request, policy)) {
      await Promise.all(invalidatedUrls(request, response).map((url) => this.invalidate(url)));
    }
    if (key && request.method === 'HEAD') {
      await this.#freshenByHead(context, key, lookup, response, requestedAt);
    }
    const replyHeaders = withCacheStatus(headers, { fwd: lookup.fwd, fwdStatus: status });
    return { status, statusText, headers: replyHeaders, body };
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.5 */
  async #freshenByHead(
    context: RequestContext,
    key: RequestKey,
    { entry }: Lookup,
    response: OriginResponse,
    requestedAt: number,
  ): Promise<void> {
    if (!entry || response.status !== 200) return;
    if (isSameRepresentation(entry.response.headers, response.headers)) {
      await this.#forwarder.freshen(context, key, entry, response.headers, requestedAt);
    } else await this.#options.storage.remove(key, entry, context.request.url);
  }

  #onlyIfCachedMiss(): HttpReply {
    this.#options.counters.misses += 1;
    return gatewayTimeout();
  }

  #forgetCollapsed(keyOfUrl: string): void {
    for (const name of this.#collapsed.keys()) if (name.startsWith(keyOfUrl)) this.#collapsed.delete(name);
  }
}

/** The newest of the stored responses that match a request. */
function selectResponse(request: CacheRequest, all: readonly StorageEntry[]): StorageEntry | undefined {
  return all.find(({ response }) => matchesSelectingFields(request.headers, response.vary));
}

/** Requests with the same collapse key select the same response, as far as stored responses can predict. */
function collapseKey({ request }: RequestContext, key: RequestKey, { selectingNames }: Lookup): string {
  const selecting = selectingNames.map((name) => fieldValue(request.headers, name) ?? null);
  return `${key.recordKey} ${JSON.stringify(selecting)}`;
}

/** Whether the response to a request that was forwarded earlier may be reused for this one. */
function mayCollapse({ request: { headers, mode } }: RequestContext): boolean {
  const directives = requestDirectives(headers);
  return allowsReuse(mode) && !directives.has('no-cache') && directives.limitS('max-age') !== 0;
}

/**
 * Whether other requests may wait for the response to this one. Without a stored response to validate, the
 * client's own precondition is forwarded, and a 304 to it means nothing to other clients.
 */
function allowsCollapsing({ request: { headers } }: RequestContext, { entry }: Lookup): boolean {
  const isConditional = headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
  return entry !== undefined || !isConditional;
}

/** Whether a HEAD response describes the stored representation: each field that both have is equal. */
function isSameRepresentation(stored: HeaderFields, head: HeaderFields): boolean {
  return ['etag', 'last-modified', 'content-length'].every((name) => {
    const [ours, theirs] = [fieldValue(stored, name), fieldValue(head, name)];
    return ours === undefined || theirs === undefined || ours === theirs;
  });
}

/** A background revalidation requests the whole representation, whatever its client's conditions were. */
function withoutClientConditions(headers: HeaderFields): HeaderFields {
  const dropped = ['range', 'if-range', 'if-none-match', 'if-modified-since'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.includes(name)));
}

async function drain({ body }: HttpReply, signal: AbortSignal): Promise<void> {
  if (!(body instanceof ByteQueue)) return;
  const cancel = () => body.cancel(signal.reason);
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  while (await body.read());
}
