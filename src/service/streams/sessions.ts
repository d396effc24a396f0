import type { Clock } from '../../library/cache/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import { getJson, httpOrigin } from '../http-client/get-json.ts';
import { parseSample, type StreamSample } from './sample.ts';
import type { Stream } from './streams.ts';

const STAT_TIMEOUT_MS = 3000;
/** Below the clients' own timeout of 3 s, so that they get an error response for an engine that hangs. */
const STOP_TIMEOUT_MS = 2000;
const UNKNOWN_SESSION = /unknown playback session/i;

/** Returns the address of the managed engine that a client reached at a host and port, or null. */
export type LocateEngine = (host: string, port: number) => { host: string; port: number } | null;

interface SessionResponse {
  response?: unknown;
  error?: unknown;
}

/**
 * Requests playback sessions from engines. The URLs come from the clients that report streams, so requests
 * never go to the host in a URL, only to the managed engine that it identifies. If it identifies none, no
 * request is made.
 */
export class PlaybackSessions {
  readonly #clock: Clock;
  readonly #locate: LocateEngine;

  constructor(clock: Clock, locate: LocateEngine) {
    this.#clock = clock;
    this.#locate = locate;
  }

  /**
   * Reads a sample of a session.
   * @param outer aborts the request
   * @returns null if the engine no longer has the session
   * @throws Error if the engine does not respond within 3 s, or with something else than a sample
   */
  async readSample({ statUrl }: Stream, outer: AbortSignal): Promise<StreamSample | null> {
    const { response, error } = await this.#request(this.#engineUrl(statUrl), STAT_TIMEOUT_MS, outer);
    if (isUnknownSession(error)) return null;
    if (typeof response === 'object' && response !== null) return parseSample(response, Date.now());
    throw new Error(`the engine returned no statistics: ${String(error).slice(0, 100)}`);
  }

  /**
   * Reads the infohash of the content that a session plays.
   * @returns null if the engine does not report it
   * @throws Error if the engine does not respond within 3 s
   */
  async readInfohash({ statUrl }: Stream, outer: AbortSignal): Promise<string | null> {
    const { response } = await this.#request(this.#engineUrl(statUrl), STAT_TIMEOUT_MS, outer);
    const infohash = (response as { infohash?: unknown } | null | undefined)?.infohash;
    return typeof infohash === 'string' && infohash !== '' ? infohash : null;
  }

  /**
   * Ends a session. Resolves also if the engine no longer has it.
   * @throws Error if the engine does not confirm within 2 s
   */
  async stop({ commandUrl }: Stream): Promise<void> {
    const url = this.#engineUrl(commandUrl);
    url.searchParams.set('method', 'stop');
    const { response, error } = await this.#request(url, STOP_TIMEOUT_MS);
    if (response !== 'ok' && !isUnknownSession(error))
      throw new Error(`the engine did not stop the session: ${String(error).slice(0, 100)}`);
  }

  async #request(url: URL, timeoutMs: number, outer?: AbortSignal): Promise<SessionResponse> {
    const deadline = {
      clock: this.#clock,
      timeoutMs,
      subject: `The engine at ${url.host}`,
      ...(outer && { signal: outer }),
    };
    const body = await withinDeadline(deadline, (signal) => getJson(url.href, { signal }));
    return (body ?? {}) as SessionResponse;
  }

  /** Accepts plain HTTP only: the HTTPS ports of engines are not tracked. */
  #engineUrl(reported: string): URL {
    const url = URL.parse(reported);
    const host = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
    const engine = url?.protocol === 'http:' ? this.#locate(host, Number(url.port || 80)) : null;
    if (!url || !engine) throw new Error(`${reported.slice(0, 200)} is not the URL of a managed engine`);
    const target = new URL(httpOrigin(engine));
    // Set, not resolved: a path such as `//host/` relative to an origin is a URL of that host.
    target.pathname = url.pathname;
    target.search = url.search;
    return target;
  }
}

function isUnknownSession(error: unknown): boolean {
  return typeof error === 'string' && UNKNOWN_SESSION.test(error);
}
