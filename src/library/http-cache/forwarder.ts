import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type CacheStatus, withCacheStatus } from './cache-status.ts';
import type { CollapsedRequest } from './collapsed-request.ts';
import { validationFields } from './conditional.ts';
import { fieldValue, type HeaderFields, storableFields, updatedFields } from './headers.ts';
import { formatHttpDate } from './http-date.ts';
import type { RequestKey } from './key.ts';
import type { OriginResponse, RequestContext } from './origin.ts';
import type { StorageEntry } from './record-store.ts';
import { Recording } from './recording.ts';
import { type HttpReply, replyFrom } from './reply.ts';
import { evaluateReuse, type ReuseDecision, usefulMs } from './reuse.ts';
import type { HttpCacheCounters } from './stats.ts';
import { isStaleIfErrorStatus } from './status.ts';
import { evaluateStorage, type StorageDecision } from './storable.ts';
import type { FoundResponses, Storage } from './storage.ts';
import type { ReceivedResponse, StoredResponse } from './stored-response.ts';
import { selectingFields } from './vary.ts';

/** The result of looking up a request in the cache. */
export interface Lookup {
  /** The newest stored response that matches the request. */
  readonly entry?: StorageEntry;
  /** Whether `entry` can be reused; present if `entry` is. */
  readonly reuse?: ReuseDecision;
  /** Why the request is forwarded, if it is. */
  readonly fwd: NonNullable<CacheStatus['fwd']>;
  /** For the response, if it is to be stored; see {@link FoundResponses}. */
  readonly generation?: string | undefined;
  /** Names of the selecting header fields of all responses stored for the URL, sorted. */
  readonly selectingNames: readonly string[];
}

interface Exchange {
  readonly context: RequestContext;
  readonly key: RequestKey;
  readonly lookup: Lookup;
  readonly collapsed: CollapsedRequest;
  readonly requestedAt: number;
}

/** Forwards requests to the origin, validating stored responses, and stores the responses. */
export class Forwarder {
  readonly #storage: Storage;
  readonly #counters: HttpCacheCounters;
  readonly #wallClock: () => number;

  constructor(storage: Storage, counters: HttpCacheCounters, wallClock: () => number) {
    this.#storage = storage;
    this.#counters = counters;
    this.#wallClock = wallClock;
  }

  /**
   * Forwards a request, and settles `collapsed` with the outcome for the requests that wait for it.
   * @throws the origin's error, if no stored response may be served in its place
   */
  async forward(
    context: RequestContext,
    key: RequestKey,
    lookup: Lookup,
    collapsed: CollapsedRequest,
  ): Promise<HttpReply> {
    try {
      return await this.#forward(context, key, lookup, collapsed);
    } catch (error) {
      collapsed.fail(error);
      throw error;
    }
  }

  async #forward(
    context: RequestContext,
    key: RequestKey,
    lookup: Lookup,
    collapsed: CollapsedRequest,
  ): Promise<HttpReply> {
    const requestedAt = this.#wallClock();
    const exchange: Exchange = { context, key, lookup, collapsed, requestedAt };
    const { headers } = context.request;
    const validation = lookup.entry && validationFields(headers, lookup.entry.response);
    if (validation) this.#counters.revalidations += 1;
    let response: OriginResponse;
    try {
      response = await this.#send(exchange, validation ?? headers);
    } catch (error) {
      if (!context.signal.aborted) this.#counters.originErrors += 1;
      const reply = await this.serveOnError(context, lookup, collapsed);
      if (reply) return reply;
      throw error;
    }
    if (response.status === 304 && validation) return this.#handleNotModified(exchange, response);
    if (isStaleIfErrorStatus(response.status) && lookup.reuse?.allowedOnError) {
      const reply = await this.serveOnError(context, lookup, collapsed, response.status);
      if (reply) {
        this.#counters.originErrors += 1;
        response.body.cancel(new Error('a stored response is served in place of the error'));
        return reply;
      }
    }
    return this.#handleResponse(exchange, response);
  }

  /**
   * Serves the stored response in place of the origin's error.
   * @param collapsed completed with the stored response
   * @param fwdStatus status of the origin's response, if there was one
   * @returns undefined if the stored response may not be served stale or is gone
   * @see https://www.rfc-editor.org/rfc/rfc5861.html#section-4
   */
  async serveOnError(
    { request }: RequestContext,
    { entry, reuse }: Lookup,
    collapsed?: CollapsedRequest,
    fwdStatus?: number,
  ): Promise<HttpReply | undefined> {
    if (!entry || !reuse?.allowedOnError) return undefined;
    const body = await this.#storage.body(entry, request.url);
    if (!body) return undefined;
    collapsed?.complete({ entry, body, originFailed: true });
    this.#counters.stale += 1;
    const { ageS, ttlS } = reuse;
    const status = { fwd: 'stale', ttlS, detail: 'stale-if-error' } as const;
    return replyFrom(
      request,
      entry.response,
      body,
      ageS,
      fwdStatus === undefined ? status : { ...status, fwdStatus },
    );
  }

  async #send(
    { context: { forward, signal }, collapsed }: Exchange,
    headers: HeaderFields,
  ): Promise<OriginResponse> {
    const forwarded = forward(headers);
    collapsed.setRequest(forwarded.abort);
    const abort = () => collapsed.onInitiatorAbort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      return await forwarded.response;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.4 */
  async #handleNotModified(exchange: Exchange, { headers }: OriginResponse): Promise<HttpReply> {
    const { context, key, lookup, collapsed } = exchange;
    const entry = lookup.entry!;
    const body = await this.#storage.body(entry, context.request.url);
    if (!body) {
      // The body has been evicted meanwhile. Request the complete response.
      const { fwd, generation, selectingNames } = lookup;
      return this.#forward(context, key, { fwd, generation, selectingNames }, collapsed);
    }
    this.#counters.revalidated += 1;
    const updated = await this.#freshen(exchange, entry, headers, body);
    const freshened = { response: updated ?? entry.response, residentMs: 0, recordKey: key.recordKey };
    collapsed.complete(updated ? { entry: freshened, body, originFailed: false } : 'not reusable');
    const { ageS, ttlS } = evaluateReuse(context.request.headers, freshened.response, 0, context.policy);
    const status: CacheStatus = { fwd: lookup.fwd, fwdStatus: 304, ttlS };
    return replyFrom(context.request, freshened.response, body, ageS, status);
  }

  /** Freshens a stored response with the header fields of a response to HEAD. */
  async freshen(
    context: RequestContext,
    key: RequestKey,
    entry: StorageEntry,
    headers: HeaderFields,
    requestedAt: number,
  ): Promise<void> {
    const body = await this.#storage.body(entry, context.request.url);
    if (body) await this.#freshen({ context, key, requestedAt }, entry, headers, body);
  }

  /** @returns undefined if the response may no longer be stored, according to the new header fields */
  async #freshen(
    { context, key, requestedAt }: Pick<Exchange, 'context' | 'key' | 'requestedAt'>,
    entry: StorageEntry,
    headers: HeaderFields,
    body: Uint8Array,
  ): Promise<StoredResponse | undefined> {
    const receivedAt = this.#wallClock();
    const update = withDate(storableFields(headers, []), receivedAt);
    const updated = {
      ...entry.response,
      headers: updatedFields(entry.response.headers, update),
      dateAdded: headers.date === undefined,
    };
    const { forcedTtlS: _, ...base } = { ...updated, requestedAt, receivedAt };
    const decision = evaluateStorage(context.request.headers, base, context.policy);
    if (!decision) {
      await this.#storage.remove(key, entry, context.request.url);
      return undefined;
    }
    const response = {
      ...base,
      ...forcedTtl(decision),
      vary: selectingFields(context.request.headers, base.headers) ?? [],
    };
    this.#put(context, key, response, body);
    return response;
  }

  async #handleResponse(exchange: Exchange, response: OriginResponse): Promise<HttpReply> {
    const { context, key, lookup, collapsed, requestedAt } = exchange;
    const { request, policy } = context;
    const { status, statusText, headers } = response;
    const receivedAt = this.#wallClock();
    const dateAdded = headers.date === undefined;
    const received = { status, headers: withDate(headers, receivedAt), dateAdded, requestedAt, receivedAt };
    const decision = evaluateStorage(request.headers, received, policy);
    const cacheStatus: CacheStatus = { fwd: lookup.fwd, fwdStatus: status };
    const tooLarge = Number(fieldValue(headers, 'content-length') ?? 0) > policy.maxBodyBytes;
    if (!decision || tooLarge) {
      if (decision) this.#counters.tooLarge += 1;
      collapsed.complete('not reusable');
      // The stored response has been replaced at the origin by one that is not stored.
      if (lookup.entry && status < 500) await this.#storage.remove(key, lookup.entry, request.url);
      return { status, statusText, headers: withCacheStatus(headers, cacheStatus), body: response.body };
    }
    const recording = new Recording(response.body, policy.maxBodyBytes, () => collapsed.hasWaiters);
    collapsed.setRecording(recording);
    recording.copy
      .then((body) => this.#storeResponse(exchange, { ...received, statusText }, decision, body))
      .catch((error) => collapsed.fail(error));
    const replyHeaders = withCacheStatus(headers, { ...cacheStatus, stored: true });
    return { status, statusText, headers: replyHeaders, body: recording.output };
  }

  /** @param body the complete body, or undefined if it was too large */
  #storeResponse(
    { context, key, lookup, collapsed }: Exchange,
    received: ReceivedResponse & Pick<StoredResponse, 'statusText' | 'dateAdded'>,
    decision: StorageDecision,
    body: Uint8Array | undefined,
  ): void {
    const { headers } = received;
    if (!body) this.#counters.tooLarge += 1;
    if (!body || !isComplete(headers, body)) {
      collapsed.complete('not reusable');
      return;
    }
    const response: StoredResponse = {
      ...received,
      id: randomUUID(),
      generation: lookup.generation ?? '',
      headers: storableFields(headers, decision.droppedFields),
      vary: selectingFields(context.request.headers, headers) ?? [],
      ...forcedTtl(decision),
      bodyBytes: body.byteLength,
      bodyChecksum: crc32(body),
    };
    this.#put(context, key, response, body);
    const entry = { response, residentMs: 0, recordKey: key.recordKey };
    collapsed.complete({ entry, body, originFailed: false });
  }

  /** Not awaited: `Storage.find` waits for pending changes of the same key. */
  #put(
    { request, policy }: RequestContext,
    key: RequestKey,
    response: StoredResponse,
    body: Uint8Array,
  ): void {
    this.#storage.put(key, request.url, response, body, usefulMs(response, policy));
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc9110.html#section-6.6.1 */
function withDate(headers: HeaderFields, receivedAt: number): HeaderFields {
  return headers.date === undefined ? { ...headers, date: formatHttpDate(receivedAt) } : headers;
}

function forcedTtl({ forcedTtlS }: StorageDecision): { forcedTtlS?: number } {
  return forcedTtlS === undefined ? {} : { forcedTtlS };
}

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.3 */
function isComplete(headers: HeaderFields, body: Uint8Array): boolean {
  const length = fieldValue(headers, 'content-length');
  return length === undefined || Number(length) === body.byteLength;
}
