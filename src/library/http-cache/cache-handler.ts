import type { Clock } from '../cache/index.ts';
import { ByteQueue } from './byte-queue.ts';
import { type Handling, withCacheStatus } from './cache-status.ts';
import { CollapsedRequest } from './flight.ts';
import { Forwarder, type Found } from './forwarder.ts';
import { fieldValue, type HeaderFields } from './headers.ts';
import { baseKey, type RequestKey, requestKey } from './key.ts';
import { invalidatedUrls, isCacheable, isForOriginAlone, isUnsafe } from './methods.ts';
import type { Job, OriginResponse } from './origin.ts';
import { answerFrom, type HttpReply, NO_BODY, needsNoBody, notCached } from './reply.ts';
import { evaluateReuse, requestDirectives } from './reuse.ts';
import type { HttpCacheCounters } from './stats.ts';
import type { Held, Storage } from './storage.ts';
import { matchesSelection } from './vary.ts';

/** How often a request may wait for another one's response, to find that it was meant for others. */
const MAX_JOINS = 3;

export interface CacheHandlerParts {
  storage: Storage;
  counters: HttpCacheCounters;
  clock: Clock;
  wallClock: () => number;
  backgroundTimeoutMs: number;
  onError: (error: unknown, url: string) => void;
  /** The parts of the cache that an unsafe request makes out of date. */
  services: readonly string[];
}

/** Request → look-up → decision → origin → store. Both faces of the cache use this one. */
export class CacheHandler {
  readonly #parts: CacheHandlerParts;
  readonly #forwarder: Forwarder;
  readonly #flights = new Map<string, CollapsedRequest>();
  readonly #background = new Map<AbortController, Promise<void>>();
  #closed = false;

  constructor(parts: CacheHandlerParts) {
    this.#parts = parts;
    this.#forwarder = new Forwarder(parts.storage, parts.counters, parts.wallClock);
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  /** @throws the origin's error, or the reason of the job's signal */
  async handle(job: Job): Promise<HttpReply> {
    const reply = await this.#answer(job);
    if (!(reply.body instanceof ByteQueue)) this.#parts.counters.bytesServed += reply.body.byteLength;
    return reply;
  }

  async #answer(job: Job): Promise<HttpReply> {
    const { request, policy } = job;
    if (!isCacheable(request, policy)) return this.#pass(job, { fwd: 'method', names: [] });
    if (this.#closed || isForOriginAlone(request)) return this.#pass(job, { fwd: 'bypass', names: [] });
    const wanted = requestDirectives(request.headers);
    // Who wants no trace of a request is not served from others' traces either.
    if (wanted.flag('no-store')) return this.#pass(job, { fwd: 'request', names: [] });
    const key = requestKey(request, policy);
    for (let joins = 0; ; joins += 1) {
      const found = await this.#find(job, key);
      const served = await this.#serve(job, key, found);
      if (served) return served;
      if (wanted.flag('only-if-cached')) return this.#notCached();
      if (request.method === 'HEAD' || request.headers.range !== undefined) {
        return this.#pass(job, found, key);
      }
      const name = flightName(job, key, found);
      const flight = joins < MAX_JOINS && mayJoin(job) ? this.#flights.get(name) : undefined;
      if (!flight) return this.#lead(job, key, found, name);
      const shared = await this.#share(job, found, flight);
      if (typeof shared === 'object') return shared;
      // Others' responses are no use to this request: it asks for its own.
      if (shared === 'not shared') joins = MAX_JOINS;
    }
  }

  /** Makes what is held for a URL out of date, in every part of the cache. */
  async invalidate(url: string): Promise<void> {
    this.#parts.counters.invalidations += 1;
    const bases = this.#parts.services.map((service) => baseKey(url, service));
    for (const base of bases) this.#forgetFlights(base);
    await Promise.all(bases.map((base) => this.#parts.storage.invalidate(base, url)));
  }

  async clear(): Promise<void> {
    this.#parts.counters.invalidations += 1;
    this.#flights.clear();
    await this.#parts.storage.clear();
  }

  /** Ends what runs in the background, and waits for what is being stored. Requests pass uncached from here on. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#background.keys()) controller.abort(new Error('the HTTP cache is closed'));
    await Promise.all(this.#background.values());
    await this.#parts.storage.settled();
  }

  async #find({ request, policy }: Job, key: RequestKey): Promise<Found> {
    const all = await this.#parts.storage.find(key, request.url);
    const matching = all.filter(({ response }) => matchesSelection(request.headers, response.vary));
    const held = matching.reduce<Held | undefined>(
      (newest, one) => (newest && newest.response.requestedAt > one.response.requestedAt ? newest : one),
      undefined,
    );
    const names = [...new Set(all.flatMap(({ response }) => response.vary.map(([name]) => name)))].sort();
    if (!held) return { fwd: all.length > 0 ? 'vary-miss' : 'uri-miss', names };
    const reuse = evaluateReuse(request.headers, held.response, held.residentMs, policy);
    return { held, reuse, fwd: reuse.byRequest ? 'request' : 'stale', names };
  }

  async #serve(job: Job, key: RequestKey, found: Found): Promise<HttpReply | undefined> {
    const { held, reuse } = found;
    if (!held || !reuse || reuse.how === 'validate') return undefined;
    const { request } = job;
    const { counters, storage } = this.#parts;
    const body = needsNoBody(request, held.response) ? NO_BODY : await storage.body(held, request.url);
    if (!body) return undefined;
    counters.hits += 1;
    if (reuse.ttlS <= 0) counters.stale += 1;
    if (reuse.how === 'refresh' && request.method !== 'HEAD') this.#refresh(job, key, found);
    return answerFrom(request, held.response, body, reuse.ageS, { hit: true, ttlS: reuse.ttlS });
  }

  async #lead(job: Job, key: RequestKey, found: Found, name: string): Promise<HttpReply> {
    this.#parts.counters.misses += 1;
    const flight = new CollapsedRequest();
    if (mayBeJoined(job, found)) this.#announce(name, flight);
    return this.#forwarder.forward(job, key, found, flight);
  }

  #announce(name: string, flight: CollapsedRequest): void {
    this.#flights.set(name, flight);
    flight.ended.then(() => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    });
  }

  /** The response to another request, if it answers this one too. */
  async #share(
    job: Job,
    found: Found,
    flight: CollapsedRequest,
  ): Promise<HttpReply | 'not shared' | 'other variant'> {
    const { counters, wallClock } = this.#parts;
    let outcome: Awaited<ReturnType<CollapsedRequest['join']>>;
    try {
      outcome = await flight.join(job.signal);
    } catch (error) {
      if (!job.signal.aborted) {
        counters.misses += 1;
        counters.collapsed += 1;
        const standIn = await this.#forwarder.standIn(job, found);
        if (standIn) return standIn;
      }
      throw error;
    }
    if (outcome === 'not shared') return outcome;
    const { held, body, standsIn } = outcome;
    if (!matchesSelection(job.request.headers, held.response.vary)) return 'other variant';
    const residentMs = standsIn ? held.residentMs : wallClock() - held.response.receivedAt;
    const reuse = evaluateReuse(job.request.headers, held.response, residentMs, job.policy);
    if (standsIn ? !reuse.standsIn : reuse.how === 'validate') return 'not shared';
    counters.misses += 1;
    counters.collapsed += 1;
    if (reuse.ttlS <= 0) counters.stale += 1;
    const handling: Handling = { fwd: found.fwd, ttlS: reuse.ttlS, collapsed: true };
    return answerFrom(job.request, held.response, body, reuse.ageS, handling);
  }

  /** @see https://www.rfc-editor.org/rfc/rfc5861.html#section-3 */
  #refresh(job: Job, key: RequestKey, found: Found): void {
    const name = flightName(job, key, found);
    if (this.#closed || this.#flights.has(name)) return;
    const { clock, backgroundTimeoutMs, onError } = this.#parts;
    const { url, headers } = job.request;
    const controller = new AbortController();
    const cancelDeadline = clock.after(backgroundTimeoutMs, () =>
      controller.abort(new Error(`${url} was not revalidated within ${backgroundTimeoutMs / 1000} s`)),
    );
    const request = { ...job.request, headers: unconditional(headers) };
    const flight = new CollapsedRequest();
    this.#announce(name, flight);
    const own = { ...job, request, signal: controller.signal };
    const done = this.#forwarder
      .forward(own, key, found, flight)
      .then((reply) => drain(reply, controller.signal))
      .catch((error) => onError(error, url))
      .finally(() => {
        cancelDeadline();
        this.#background.delete(controller);
      });
    this.#background.set(controller, done);
  }

  /** Sends a request on, and the response back, without storing it. */
  async #pass(job: Job, found: Found, key?: RequestKey): Promise<HttpReply> {
    const { request, policy, ask, signal } = job;
    this.#parts.counters.bypassed += 1;
    const requestedAt = this.#parts.storage.stamp();
    const asked = ask(request.headers);
    const leave = () => asked.abort(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    const response = await asked.response.finally(() => signal.removeEventListener('abort', leave));
    const { status, statusText, headers, body } = response;
    // Before the client hears of it: it may ask at once for what it has changed.
    if (isUnsafe(request, policy)) {
      await Promise.all(invalidatedUrls(request, response).map((url) => this.invalidate(url)));
    }
    if (key && request.method === 'HEAD') await this.#updateByHead(job, key, found, response, requestedAt);
    const handling = { fwd: found.fwd, fwdStatus: status };
    return { status, statusText, headers: withCacheStatus(headers, handling), body };
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.5 */
  async #updateByHead(
    job: Job,
    key: RequestKey,
    { held }: Found,
    response: OriginResponse,
    requestedAt: number,
  ): Promise<void> {
    if (!held || response.status !== 200) return;
    if (describesSame(held.response.headers, response.headers)) {
      await this.#forwarder.freshen(job, key, held, response.headers, requestedAt);
    } else await this.#parts.storage.remove(key, held, job.request.url);
  }

  #notCached(): HttpReply {
    this.#parts.counters.misses += 1;
    return notCached();
  }

  #forgetFlights(base: string): void {
    for (const name of this.#flights.keys()) if (name.startsWith(base)) this.#flights.delete(name);
  }
}

/** Requests of one name want the same response, as far as can be known before it comes. */
function flightName({ request }: Job, key: RequestKey, { names }: Found): string {
  const selecting = names.map((name) => fieldValue(request.headers, name) ?? null);
  return `${key.own} ${JSON.stringify(selecting)}`;
}

/** Whether a request may do with the response to one that was sent before it. */
function mayJoin({ request: { headers } }: Job): boolean {
  const wanted = requestDirectives(headers);
  return !wanted.flag('no-cache') && wanted.seconds('max-age') !== 0;
}

/** Whether the response to a request can be more than an answer to itself. */
function mayBeJoined({ request: { headers } }: Job, { held }: Found): boolean {
  const isConditional = headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
  return held !== undefined || !isConditional;
}

function describesSame(stored: HeaderFields, head: HeaderFields): boolean {
  return ['etag', 'last-modified', 'content-length'].every((name) => {
    const [ours, theirs] = [fieldValue(stored, name), fieldValue(head, name)];
    return ours === undefined || theirs === undefined || ours === theirs;
  });
}

/** What the cache asks for on its own account. */
function unconditional(headers: HeaderFields): HeaderFields {
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
