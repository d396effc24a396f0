import type { Clock } from '../../library/cache/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import { getJson, httpOrigin } from '../http-client/get-json.ts';
import { parseSample, type StreamSample } from './sample.ts';
import type { Stream } from './streams.ts';

const STAT_DEADLINE_MS = 3000;
/** Below the 3 s that clients give a call, so that they hear of an engine that does not answer. */
const STOP_DEADLINE_MS = 2000;
const UNKNOWN_SESSION = /unknown playback session/i;

/** Where the managed engine is that a client reached at a host and port; null if there is none. */
export type LocateEngine = (host: string, port: number) => { host: string; port: number } | null;

interface Answer {
  response?: unknown;
  error?: unknown;
}

/**
 * Asks engines about playback sessions. The URLs come from whoever reports a stream, so what is called is
 * never their host but that of the managed engine they lead to; where they lead to none, nothing is called.
 */
export class PlaybackSessions {
  readonly #clock: Clock;
  readonly #locate: LocateEngine;

  constructor(clock: Clock, locate: LocateEngine) {
    this.#clock = clock;
    this.#locate = locate;
  }

  /**
   * @returns the figures of a session, or null if the engine no longer knows it
   * @throws Error where the engine does not answer within 3 s, or with nonsense
   */
  async readSample({ statUrl }: Stream, outer: AbortSignal): Promise<StreamSample | null> {
    const { response, error } = await this.#ask(this.#engineUrl(statUrl), STAT_DEADLINE_MS, outer);
    if (isUnknownSession(error)) return null;
    if (typeof response === 'object' && response !== null) return parseSample(response, Date.now());
    throw new Error(`the engine answers without figures: ${String(error).slice(0, 100)}`);
  }

  /**
   * Ends a session; one that the engine no longer knows has ended.
   * @throws Error where the engine does not confirm it within 2 s
   */
  async stop({ commandUrl }: Stream): Promise<void> {
    const url = this.#engineUrl(commandUrl);
    url.searchParams.set('method', 'stop');
    const { response, error } = await this.#ask(url, STOP_DEADLINE_MS);
    if (response !== 'ok' && !isUnknownSession(error))
      throw new Error(`the engine does not stop the session: ${String(error).slice(0, 100)}`);
  }

  async #ask(url: URL, timeoutMs: number, outer?: AbortSignal): Promise<Answer> {
    const deadline = {
      clock: this.#clock,
      timeoutMs,
      who: `The engine at ${url.host}`,
      ...(outer && { outer }),
    };
    const answer = await withinDeadline(deadline, (signal) => getJson(url.href, { signal }));
    return (answer ?? {}) as Answer;
  }

  /** Plain HTTP alone: an engine's HTTPS port is not among those that are known here. */
  #engineUrl(reported: string): URL {
    const url = URL.parse(reported);
    const host = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
    const engine = url?.protocol === 'http:' ? this.#locate(host, Number(url.port || 80)) : null;
    if (!url || !engine) throw new Error(`${reported.slice(0, 200)} does not lead to a managed engine`);
    return new URL(url.pathname + url.search, httpOrigin(engine));
  }
}

function isUnknownSession(error: unknown): boolean {
  return typeof error === 'string' && UNKNOWN_SESSION.test(error);
}
