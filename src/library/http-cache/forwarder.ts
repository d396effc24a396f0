import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Handling, withCacheStatus } from './cache-status.ts';
import { validating } from './conditional.ts';
import type { CollapsedRequest } from './flight.ts';
import { fieldValue, type HeaderFields, storableFields, updatedFields } from './headers.ts';
import { formatHttpDate } from './http-date.ts';
import type { RequestKey } from './key.ts';
import type { Job, OriginResponse } from './origin.ts';
import { Recording } from './recording.ts';
import { answerFrom, type HttpReply } from './reply.ts';
import { evaluateReuse, type Reuse, usefulMs } from './reuse.ts';
import type { HttpCacheCounters } from './stats.ts';
import { isServerError } from './status.ts';
import { evaluateStorage, type StorageDecision } from './storable.ts';
import type { Held, Storage } from './storage.ts';
import type { ReceivedResponse, StoredResponse } from './stored-response.ts';
import { selectionOf } from './vary.ts';

/** What the cache holds for a request. */
export interface Found {
  readonly held?: Held;
  /** Given where `held` is. */
  readonly reuse?: Reuse;
  /** Why it must go to the origin, if it must. */
  readonly fwd: NonNullable<Handling['fwd']>;
  /** The fields that responses held for its URL vary on. */
  readonly names: readonly string[];
}

interface Exchange {
  readonly job: Job;
  readonly key: RequestKey;
  readonly found: Found;
  readonly flight: CollapsedRequest;
  readonly requestedAt: number;
}

/** Asks the origin for what may be stored, and stores it. */
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
   * Settles `flight` with what others may share.
   * @throws the origin's error, where nothing held may stand in
   */
  async forward(job: Job, key: RequestKey, found: Found, flight: CollapsedRequest): Promise<HttpReply> {
    try {
      return await this.#forward(job, key, found, flight);
    } catch (error) {
      flight.fail(error);
      throw error;
    }
  }

  async #forward(job: Job, key: RequestKey, found: Found, flight: CollapsedRequest): Promise<HttpReply> {
    const requestedAt = this.#storage.stamp();
    const exchange: Exchange = { job, key, found, flight, requestedAt };
    const condition = found.held && validating(job.request.headers, found.held.response, requestedAt);
    if (condition) this.#counters.revalidations += 1;
    let response: OriginResponse;
    try {
      response = await this.#ask(exchange, condition ?? job.request.headers);
    } catch (error) {
      if (!job.signal.aborted) this.#counters.originErrors += 1;
      const standIn = await this.standIn(job, found, flight);
      if (standIn) return standIn;
      throw error;
    }
    if (response.status === 304 && condition) return this.#confirmed(exchange, response);
    if (isServerError(response.status) && found.reuse?.standsIn) {
      const standIn = await this.standIn(job, found, flight, response.status);
      if (standIn) {
        this.#counters.originErrors += 1;
        response.body.cancel(new Error('a stored response stands in'));
        return standIn;
      }
    }
    return this.#received(exchange, response);
  }

  /**
   * The stored response in place of the origin's failure, where that is allowed.
   * @see https://www.rfc-editor.org/rfc/rfc5861.html#section-4
   */
  async standIn(
    { request }: Job,
    { held, reuse }: Found,
    flight?: CollapsedRequest,
    fwdStatus?: number,
  ): Promise<HttpReply | undefined> {
    if (!held || !reuse?.standsIn) return undefined;
    const body = await this.#storage.body(held, request.url);
    if (!body) return undefined;
    flight?.land({ held, body, standsIn: true });
    this.#counters.stale += 1;
    const { ageS, ttlS } = reuse;
    const handling = { fwd: 'stale', ttlS, detail: 'stale-if-error' } as const;
    return answerFrom(
      request,
      held.response,
      body,
      ageS,
      fwdStatus === undefined ? handling : { ...handling, fwdStatus },
    );
  }

  async #ask({ job: { ask, signal }, flight }: Exchange, headers: HeaderFields): Promise<OriginResponse> {
    const asked = ask(headers);
    flight.asking(asked.abort);
    const leave = () => flight.beginnerLeft(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      return await asked.response;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.4 */
  async #confirmed(exchange: Exchange, { headers }: OriginResponse): Promise<HttpReply> {
    const { job, key, found, flight } = exchange;
    const held = found.held!;
    const body = await this.#storage.body(held, job.request.url);
    // Evicted since: what is left of the response is of no use.
    if (!body) return this.#forward(job, key, { fwd: found.fwd, names: found.names }, flight);
    this.#counters.revalidated += 1;
    const response = await this.#freshen(exchange, held, headers, body);
    const landed = { response: response ?? held.response, residentMs: 0, recordKey: key.own };
    flight.land(response ? { held: landed, body, standsIn: false } : 'not shared');
    const { ageS, ttlS } = evaluateReuse(job.request.headers, landed.response, 0, job.policy);
    return answerFrom(job.request, landed.response, body, ageS, { fwd: found.fwd, fwdStatus: 304, ttlS });
  }

  /** Brings a stored response up to date by the answer to a HEAD. */
  async freshen(job: Job, key: RequestKey, held: Held, headers: HeaderFields, requestedAt: number) {
    const body = await this.#storage.body(held, job.request.url);
    if (body) await this.#freshen({ job, key, requestedAt }, held, headers, body);
  }

  /** @returns undefined where the update says that the response may no longer be kept */
  async #freshen(
    { job, key, requestedAt }: Pick<Exchange, 'job' | 'key' | 'requestedAt'>,
    held: Held,
    headers: HeaderFields,
    body: Uint8Array,
  ): Promise<StoredResponse | undefined> {
    const receivedAt = this.#wallClock();
    const news = dated(storableFields(headers, []), receivedAt);
    const updated = { ...held.response, headers: updatedFields(held.response.headers, news) };
    const { forcedTtlS: _, ...base } = { ...updated, requestedAt, receivedAt };
    const storing = evaluateStorage(job.request.headers, base, job.policy);
    if (!storing) {
      await this.#storage.remove(key, held, job.request.url);
      return undefined;
    }
    const response = {
      ...base,
      ...forcedBy(storing),
      vary: selectionOf(job.request.headers, base.headers) ?? [],
    };
    this.#put(job, key, response, body);
    return response;
  }

  async #received(exchange: Exchange, response: OriginResponse): Promise<HttpReply> {
    const { job, key, found, flight, requestedAt } = exchange;
    const { status, statusText, headers } = response;
    const receivedAt = this.#wallClock();
    const received = { status, headers: dated(headers, receivedAt), requestedAt, receivedAt };
    const storing = evaluateStorage(job.request.headers, received, job.policy);
    const handling = { fwd: found.fwd, fwdStatus: status };
    const tooLarge = Number(fieldValue(headers, 'content-length') ?? 0) > job.policy.maxBodyBytes;
    if (!storing || tooLarge) {
      if (storing) this.#counters.tooLarge += 1;
      flight.land('not shared');
      // Something else has taken the place of what is held.
      if (found.held && status < 500) await this.#storage.remove(key, found.held, job.request.url);
      return { status, statusText, headers: withCacheStatus(headers, handling), body: response.body };
    }
    const recording = new Recording(response.body, job.policy.maxBodyBytes, () => flight.isAwaited);
    flight.recording(recording);
    recording.copy
      .then((body) => this.#keep(exchange, { ...received, statusText }, storing, body))
      .catch((error) => flight.fail(error));
    const stored = withCacheStatus(headers, { ...handling, stored: true });
    return { status, statusText, headers: stored, body: recording.passed };
  }

  /** Stores a response whose body has come; undefined is one that was too large. */
  #keep(
    { job, key, flight }: Exchange,
    received: ReceivedResponse & Pick<StoredResponse, 'statusText'>,
    storing: StorageDecision,
    body: Uint8Array | undefined,
  ): void {
    const { headers } = received;
    if (!body) this.#counters.tooLarge += 1;
    if (!body || !isWhole(headers, body)) {
      flight.land('not shared');
      return;
    }
    const response: StoredResponse = {
      ...received,
      id: randomUUID(),
      headers: storableFields(headers, storing.droppedFields),
      vary: selectionOf(job.request.headers, headers) ?? [],
      ...forcedBy(storing),
      bodyBytes: body.byteLength,
      bodyChecksum: crc32(body),
    };
    this.#put(job, key, response, body);
    flight.land({ held: { response, residentMs: 0, recordKey: key.own }, body, standsIn: false });
  }

  /** Not waited for: who looks the key up next waits for it. */
  #put({ request, policy }: Job, key: RequestKey, response: StoredResponse, body: Uint8Array): void {
    const stillUsefulMs = usefulMs(response, policy);
    this.#storage.put(key, request.url, response, body, stillUsefulMs);
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc9110.html#section-6.6.1 */
function dated(headers: HeaderFields, receivedAt: number): HeaderFields {
  return headers.date === undefined ? { ...headers, date: formatHttpDate(receivedAt) } : headers;
}

function forcedBy({ forcedTtlS }: StorageDecision): { forcedTtlS?: number } {
  return forcedTtlS === undefined ? {} : { forcedTtlS };
}

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.3 */
function isWhole(headers: HeaderFields, body: Uint8Array): boolean {
  const length = fieldValue(headers, 'content-length');
  return length === undefined || Number(length) === body.byteLength;
}
