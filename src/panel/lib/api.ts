import { AwayError, readProblem } from './problems.ts';

/** One answer to a conditional read. */
export type Reading<T> = {
  etag: string | null;
  /** Seconds since the service made it. */
  ageS: number;
  /** The source could not be read; this is the last good answer. */
  stale: boolean;
} & ({ same: true } | { same: false; value: T });

export interface ApiOptions {
  /** Where the service is; paths are relative to it. */
  base: string;
  fetch: typeof fetch;
  /** The key, where one is known. It is sent as a header and nowhere else. */
  key: () => string | null;
  /** After this many milliseconds a request is given up. */
  deadlineMs?: number;
}

/**
 * The service's API. Every call rejects with a ProblemError where the service refuses, and with an AwayError
 * where it does not answer.
 */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Reads JSON unless it is still what `etag` names. */
  async read<T>(path: string, etag: string | null): Promise<Reading<T>> {
    const response = await this.#send(path, { headers: etag === null ? {} : { 'If-None-Match': etag } });
    const about = {
      etag: response.headers.get('ETag'),
      ageS: Number(response.headers.get('Age') ?? 0),
      stale: /\bfwd=stale\b/.test(response.headers.get('Cache-Status') ?? ''),
    };
    if (response.status === 304) return { ...about, same: true };
    if (!response.ok) throw await readProblem(response);
    return { ...about, same: false, value: await readJson<T>(response) };
  }

  async write<T>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
    const response = await this.#send(path, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
    if (!response.ok) throw await readProblem(response);
    return await readJson<T>(response);
  }

  /** Opens a stream of text, which ends when `signal` says so. Only its beginning has a deadline. */
  async follow(
    path: string,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const beginning = new AbortController();
    const timer = setTimeout(() => beginning.abort(), this.#deadlineMs);
    try {
      const both = AbortSignal.any([signal, beginning.signal]);
      const response = await this.#fetch(path, { headers, signal: both });
      if (!response.ok) throw await readProblem(response);
      if (!response.body) throw new AwayError('The answer is empty', false);
      return response.body;
    } finally {
      clearTimeout(timer);
    }
  }

  get #deadlineMs(): number {
    return this.#options.deadlineMs ?? 10_000;
  }

  #send(path: string, init: RequestInit): Promise<Response> {
    return this.#fetch(path, { ...init, signal: AbortSignal.timeout(this.#deadlineMs) });
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { base, fetch, key: readKey } = this.#options;
    const key = readKey();
    const headers = { ...init.headers, ...(key !== null && { 'X-API-KEY': key }) };
    try {
      return await fetch(`${base}${path}`, {
        ...init,
        headers,
        cache: 'no-store',
        credentials: 'same-origin',
      });
    } catch (cause) {
      const late = cause instanceof Error && cause.name === 'TimeoutError';
      throw new AwayError(late ? 'It took too long to answer' : 'The service does not answer', late, {
        cause,
      });
    }
  }
}

async function readJson<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new AwayError('The answer broke off or is not JSON', false, { cause });
  }
}
