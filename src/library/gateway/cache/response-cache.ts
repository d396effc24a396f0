import { validationFields } from '../../http-cache/conditional.ts';
import { type HeaderFields, updatedFields } from '../../http-cache/headers.ts';
import { evaluateReuse } from '../../http-cache/reuse.ts';
import { matchesSelectingFields } from '../../http-cache/vary.ts';
import type { LaneResponse } from '../message.ts';
import { forcedTtlS, renewedTtlS } from '../rules/lifetime.ts';
import type { CompiledRule } from '../rules/rule.ts';
import type { BypassReason } from '../traffic.ts';
import type { UpstreamResponse } from '../upstream/upstream.ts';
import {
  bypassReason,
  type CacheReply,
  type CacheRequest,
  contentLength,
  flightName,
  type MissReason,
  mayJoin,
  offlineMiss,
} from './cache-request.ts';
import { Flight } from './flight.ts';
import { type ArrivingResponse, followResponse } from './follow.ts';
import { keptFields, selectionOf, toMetadata, toStoredResponse } from './kept-response.ts';
import { type ResponseKeys, redactedValues, responseKeys } from './key.ts';
import { findKept, type Lookup, otherVariantKey, readKept } from './lookup.ts';
import { isRecoded, recodingWriter } from './recoding.ts';
import { Recording } from './recording.ts';
import { type KeptEntry, readFrom, serveKept } from './serve.ts';
import { decideStorage, policyOf } from './storage-decision.ts';
import type { StoreAccess } from './store-access.ts';

/** How many responses to other requests a request waits for before it is sent itself. */
const MAX_JOINS = 3;

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** How long a request waits for another process's request for the same resource. */
const LEASE_WAIT_MS = 30_000;

/** What a {@link ResponseCache} works with. */
export interface ResponseCacheOptions {
  readonly access: StoreAccess;
  readonly maxBodyBytes: number;
  readonly wallClock: () => number;
  readonly onError: (error: unknown, url: string) => void;
}

/** Serves kept responses and keeps new ones, by RFC 9111 and the rules of a lane. Shared by all lanes. */
export class ResponseCache {
  readonly #options: ResponseCacheOptions;
  readonly #flights = new Map<string, Flight<ArrivingResponse>>();
  readonly #background = new Map<AbortController, Promise<void>>();

  constructor(options: ResponseCacheOptions) {
    this.#options = options;
  }

  /** @throws GatewayError, or the error of the request to the origin */
  async handle(context: CacheRequest): Promise<CacheReply> {
    const { request, rule, mode } = context;
    const reason = bypassReason(context);
    if (reason !== undefined || !rule) {
      if (mode === 'offline') throw offlineMiss(request.url);
      return this.#bypass(context, reason ?? 'no-rule');
    }
    const keys = responseKeys(request.url, request.headers, rule, context.credentialNames);
    for (let joins = 0; ; joins += 1) {
      const lookup = await findKept(this.#options.access, context, keys);
      const hit = lookup.kept && (await this.#serveIfReusable(context, rule, keys, lookup.kept));
      if (hit && 'response' in hit) return hit;
      const missReason = hit ? hit.missReason : lookup.missReason;
      if (mode === 'offline') throw offlineMiss(keys.url);
      if (request.method === 'HEAD' || request.headers.range !== undefined) {
        return this.#bypass(context, request.method === 'HEAD' ? 'method' : 'range');
      }
      if (mode === 'replay') return this.#pass(context, missReason);
      const name = flightName(context, keys);
      const current = joins < MAX_JOINS && mayJoin(request.headers) ? this.#flights.get(name) : undefined;
      if (current) {
        const joined = await current.join(request.signal, (arriving) =>
          followResponse(request, rule, keys.personal === undefined, arriving),
        );
        if (typeof joined === 'object') return { response: joined, result: 'hit' };
        if (joined === 'not kept') joins = MAX_JOINS;
        continue;
      }
      return this.#load(context, rule, keys, { ...lookup, missReason }, name);
    }
  }

  /** Ends revalidations in the background. */
  async close(): Promise<void> {
    for (const controller of this.#background.keys()) controller.abort();
    await Promise.all(this.#background.values());
  }

  async #serveIfReusable(
    context: CacheRequest,
    rule: CompiledRule,
    keys: ResponseKeys,
    kept: KeptEntry,
  ): Promise<CacheReply | { missReason: MissReason }> {
    const { request, mode } = context;
    const { access, wallClock, maxBodyBytes } = this.#options;
    const stored = toStoredResponse(kept.response);
    const policy = policyOf(rule, keys.personal === undefined, maxBodyBytes);
    const reuse = evaluateReuse(request.headers, stored, wallClock() - kept.response.receivedAt, policy);
    const { ttlS, ageS } = reuse;
    const isWithinGrace =
      reuse.action === 'validate' && !reuse.requiredByRequest && -ttlS <= (rule.staleWhileRevalidateS ?? -1);
    const revalidates = reuse.action === 'serve-and-revalidate' || isWithinGrace;
    if (reuse.action === 'validate' && !isWithinGrace && mode !== 'offline') {
      return { missReason: reuse.requiredByRequest ? 'request' : 'stale' };
    }
    const detail = `hit; ttl=${Math.floor(ttlS)}`;
    const response = await serveKept(access, request, kept, { ageS, detail });
    if (!response) return { missReason: 'store' };
    if (revalidates && mode === 'record') this.#revalidate(context, rule, keys, kept);
    else if (mode === 'record') this.#renew(rule, kept, ageS);
    return { response, result: 'hit' };
  }

  /** Extends the lifetime of a response that is used. */
  #renew(rule: CompiledRule, { entry, namespace, response }: KeptEntry, ageS: number): void {
    if (response.forcedTtlS === undefined || !rule.force || response.status !== 200) return;
    const ttlS = renewedTtlS(rule, response.forcedTtlS, ageS);
    if (ttlS === undefined) return;
    void this.#options.access.setMetadata(namespace, entry, toMetadata({ ...response, forcedTtlS: ttlS }));
  }

  /** Requests a resource and keeps the response. Others wait for it. */
  async #load(
    context: CacheRequest,
    rule: CompiledRule,
    keys: ResponseKeys,
    lookup: Lookup,
    name: string,
  ): Promise<CacheReply> {
    const { request } = context;
    const flight = new Flight<ArrivingResponse>();
    this.#flights.set(name, flight);
    void flight.ended.then(() => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    });
    try {
      // A 304 to the browser's own condition says nothing to others, so they do not wait for it.
      const isConditional = request.headers['if-none-match'] ?? request.headers['if-modified-since'];
      if (isConditional !== undefined && !lookup.kept) flight.end('not kept');
      else {
        const served = await this.#awaitOtherProcess(context, rule, keys, flight);
        if (served) return served;
      }
      return await this.#fetch(context, rule, keys, lookup, flight);
    } catch (error) {
      flight.end('not kept');
      throw error;
    }
  }

  /**
   * Acquires the lease of a key for the time of the flight. If another process has it, waits for that process's
   * response, and returns it if it can be reused.
   */
  async #awaitOtherProcess(
    context: CacheRequest,
    rule: CompiledRule,
    keys: ResponseKeys,
    flight: Flight<ArrivingResponse>,
  ): Promise<CacheReply | undefined> {
    const { request, namespace } = context;
    const { access } = this.#options;
    const key = keys.personal ?? keys.common;
    const lease = await access.tryLease(namespace, key);
    if (lease === 'not needed') return undefined;
    if (lease) {
      void flight.ended.then(() => lease.release().catch((error) => this.#options.onError(error, keys.url)));
    } else await access.leaseEnded(namespace, key, LEASE_WAIT_MS, request.signal);
    // Also with a lease: its former holder may have stored the response after this request looked for it.
    const { kept } = await findKept(this.#options.access, context, keys);
    const hit = kept && (await this.#serveIfReusable(context, rule, keys, kept));
    if (!hit || !('response' in hit)) return undefined;
    flight.end('kept');
    return hit;
  }

  async #fetch(
    context: CacheRequest,
    rule: CompiledRule,
    keys: ResponseKeys,
    { kept, missReason }: Lookup,
    flight: Flight<ArrivingResponse>,
  ): Promise<CacheReply> {
    const { request, namespace } = context;
    const { access, wallClock } = this.#options;
    const requestedAt = wallClock();
    const conditions = kept && validationFields(request.headers, toStoredResponse(kept.response));
    const abort = new AbortController();
    const onClientAbort = () => {
      if (flight.waiters === 0) abort.abort(request.signal.reason);
    };
    request.signal.addEventListener('abort', onClientAbort);
    if (request.signal.aborted) onClientAbort();
    const received = await context
      .forward(conditions ?? request.headers, abort.signal)
      .finally(() => request.signal.removeEventListener('abort', onClientAbort));
    const receivedAt = wallClock();
    if (kept && conditions && received.status === 304) {
      received.body.resume();
      const refreshed = await this.#freshen(kept, received.headers, { requestedAt, receivedAt }, rule);
      flight.end('kept');
      const served = await serveKept(access, request, refreshed, {
        ageS: 0,
        detail: 'fwd=stale; fwd-status=304',
      });
      if (served) return { response: served, result: 'hit', missReason };
      return this.#pass(context, 'store');
    }
    const response = { status: received.status, headers: received.headers, requestedAt, receivedAt };
    const hasCredentials = keys.personal !== undefined;
    const decision = decideStorage(request, response, rule, hasCredentials);
    const vary = selectionOf(request.headers, received.headers);
    const maxBytes = rule.maxBytes ?? this.#options.maxBodyBytes;
    const length = contentLength(received.headers);
    const isTooLarge = (length ?? 0) > maxBytes;
    if (!decision.keep || isTooLarge || vary === undefined) {
      flight.end('not kept');
      const reason = isTooLarge ? 'too-large' : decision.keep ? 'vary-star' : decision.reason;
      return {
        response: this.#passed(context, received, missReason),
        result: 'miss',
        missReason,
        notKept: reason,
      };
    }
    const key = decision.key === 'personal' ? keys.personal! : keys.common;
    const secrets = redactedValues(request.url, rule.redact);
    const keptResponse = {
      url: keys.url,
      status: received.status,
      rule: rule.match,
      headers: keptFields(received.headers, decision.droppedFields, secrets),
      vary,
      requestedAt,
      receivedAt,
      forEveryone: decision.forEveryone,
      ...(decision.forcedTtlS === undefined ? {} : { forcedTtlS: decision.forcedTtlS }),
    };
    const first = await readKept(access, namespace, key);
    const isOtherVariant = first && !matchesSelectingFields(request.headers, first.response.vary);
    const entryKey = isOtherVariant ? otherVariantKey(key, request.headers, first) : key;
    const writer = await access.writer(namespace, entryKey, toMetadata(keptResponse));
    const recodes = writer && isRecoded(received.status, received.headers, length);
    const describe = (recodedBytes: number) => toMetadata({ ...keptResponse, recodedBytes });
    const recording = new Recording({
      source: received.body,
      writer: recodes ? recodingWriter(writer, describe) : writer,
      maxBytes,
      length,
      hasWaiters: () => flight.waiters > 0,
      onEnd: ({ bytes, stored }) => {
        context.onReceived(bytes);
        flight.end(stored ? 'kept' : 'not kept');
      },
    });
    flight.onLeave = () => recording.onDemandChange();
    const location = { namespace, key: entryKey };
    const resume = async (position: number) =>
      (await flight.ended) === 'kept' ? readFrom(access, location, keptResponse, position) : undefined;
    flight.start({ response: keptResponse, body: recording.shared, length, resume });
    const fields = { ...received.headers, 'cache-status': `roundhouse; fwd=${missReason}; stored` };
    const reply = { status: received.status, headers: fields, body: recording.output };
    return { response: reply, result: 'miss', missReason };
  }

  async #freshen(
    kept: KeptEntry,
    headers: HeaderFields,
    times: { requestedAt: number; receivedAt: number },
    rule: CompiledRule,
  ): Promise<KeptEntry> {
    const { access } = this.#options;
    const isForced = kept.response.forcedTtlS !== undefined && rule.force;
    const response = {
      ...kept.response,
      ...times,
      headers: updatedFields(kept.response.headers, keptFields(headers, [], [])),
      ...(isForced ? { forcedTtlS: forcedTtlS(rule, kept.response.url, kept.response.headers) } : {}),
    };
    await access.setMetadata(kept.namespace, kept.entry, toMetadata(response));
    return { ...kept, response };
  }

  #revalidate(context: CacheRequest, rule: CompiledRule, keys: ResponseKeys, kept: KeptEntry): void {
    const name = flightName(context, keys);
    if (this.#flights.has(name)) return;
    const controller = new AbortController();
    const { range: _range, 'if-range': _ifRange, ...headers } = context.request.headers;
    const request = {
      ...context.request,
      headers,
      method: 'GET',
      signal: controller.signal,
      body: undefined,
    };
    const done = this.#load({ ...context, request }, rule, keys, { kept, missReason: 'stale' }, name)
      .then(async ({ response: { body } }) => {
        if (body instanceof Uint8Array) return;
        for await (const _chunk of body);
      })
      .catch((error) => this.#options.onError(error, keys.url))
      .finally(() => this.#background.delete(controller));
    this.#background.set(controller, done);
  }

  async #bypass(context: CacheRequest, reason: BypassReason): Promise<CacheReply> {
    const received = await context.forward(context.request.headers, context.request.signal);
    if (reason === 'method') await this.#invalidate(context, received);
    return { response: this.#passed(context, received, 'bypass'), result: 'bypass', bypassReason: reason };
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.4 */
  async #invalidate(
    { request, namespace, rule, credentialNames }: CacheRequest,
    { status }: UpstreamResponse,
  ) {
    if (!rule || SAFE_METHODS.has(request.method) || status < 200 || status >= 400) return;
    const keys = responseKeys(request.url, request.headers, rule, credentialNames);
    await this.#options.access.delete(namespace, keys.common);
    if (keys.personal !== undefined) await this.#options.access.delete(namespace, keys.personal);
  }

  async #pass(context: CacheRequest, missReason: MissReason): Promise<CacheReply> {
    const received = await context.forward(context.request.headers, context.request.signal);
    return { response: this.#passed(context, received, missReason), result: 'miss', missReason };
  }

  #passed(
    { onReceived }: CacheRequest,
    { status, headers, body }: UpstreamResponse,
    fwd: string,
  ): LaneResponse {
    const fields = { ...headers, 'cache-status': `roundhouse; fwd=${fwd}` };
    return { status, headers: fields, body, onSent: onReceived };
  }
}
