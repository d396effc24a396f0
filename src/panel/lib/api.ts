import type { Clock } from './clock.ts';
import { ProblemError, readProblem, UnreachableError } from './errors.ts';
import { t } from './i18n.ts';
import type { Input, OperationName, Reply } from './wire.ts';

/** The response to a conditional read. */
export type Reading<T> = {
  etag: string | null;
  /** Seconds since the service generated the response: its `Age` header. */
  ageS: number;
  /** Whether the service could not read its source and returned the last good value. */
  stale: boolean;
} & ({ notModified: true } | { notModified: false; value: T });

/** Options of {@link Api}. */
export interface ApiOptions {
  /** URL of the service, with a slash at the end. */
  base: string;
  fetch: typeof fetch;
  clock: Clock;
  /** Milliseconds until a request fails. Defaults to 10 s. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;

interface RequestInput {
  path?: Record<string, string | number>;
  query?: Record<string, string | number>;
  body?: object;
}

/**
 * Client of the service's API. Operations are named as in the OpenAPI document, and their types are generated from it.
 * Every method rejects with a ProblemError for an error status, and with an UnreachableError if there is no response.
 */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Reads JSON with a conditional request (RFC 9110, section 13). `etag` is that of the value the caller has. */
  async read<O extends OperationName & `GET ${string}`>(
    operation: O,
    input: Input<O>,
    etag: string | null,
  ): Promise<Reading<Reply<O>>> {
    return await this.#readIfModified(urlOf(operation, input), etag, (response) => {
      // The health of a service without engines has status 503.
      const readValue = operation === 'GET /health' && response.status === 503 ? parse : readJson;
      return readValue<Reply<O>>(response);
    });
  }

  /** Reads bytes with a conditional request. @param path path and query, without a slash at the beginning */
  async readBlob(path: string, etag: string | null): Promise<Reading<Blob>> {
    return await this.#readIfModified(path, etag, async (response) => {
      if (!response.ok) throw await readProblem(response);
      return await response.blob();
    });
  }

  async #readIfModified<T>(
    url: string,
    etag: string | null,
    readBody: (response: Response) => Promise<T>,
  ): Promise<Reading<T>> {
    const headers: Record<string, string> = etag === null ? {} : { 'If-None-Match': etag };
    return await this.#withTimeout(async (signal) => {
      const response = await this.#fetch(url, { headers, signal });
      const metadata = {
        etag: response.headers.get('ETag'),
        ageS: Number(response.headers.get('Age') ?? 0),
        // RFC 9211: the cache forwarded the request because its value was stale, and the load failed.
        stale: /\bfwd=stale\b/.test(response.headers.get('Cache-Status') ?? ''),
      };
      if (response.status === 304) return { ...metadata, notModified: true };
      return { ...metadata, notModified: false, value: await readBody(response) };
    });
  }

  /** Sends a write and returns its reply. @param timeoutMs default: that of all requests */
  async write<O extends OperationName & `${'POST' | 'PATCH' | 'DELETE'} ${string}`>(
    operation: O,
    input: Input<O>,
    timeoutMs?: number,
  ): Promise<Reply<O>> {
    const { body } = input as RequestInput;
    const url = urlOf(operation, input);
    const init = {
      method: methodOf(operation),
      ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    };
    return await this.#withTimeout(async (signal) => {
      const response = await this.#fetch(url, { ...init, signal });
      return await readJson<Reply<O>>(response);
    }, timeoutMs);
  }

  /**
   * Opens a text stream, which ends when `signal` is aborted. The timeout covers only the response headers.
   * @param path path and query, without a slash at the beginning
   */
  async stream(
    path: string,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<ReadableStream<Uint8Array>> {
    return await this.#withTimeout(async (timeout) => {
      const response = await this.#fetch(path, { headers, signal: AbortSignal.any([signal, timeout]) });
      if (!response.ok) throw await readProblem(response);
      if (!response.body) throw new UnreachableError(t('The response has no body'), false);
      return response.body;
    });
  }

  /** Calls `request` with a signal that is aborted at the timeout, and maps what it throws. */
  async #withTimeout<T>(
    request: (signal: AbortSignal) => Promise<T>,
    timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  ): Promise<T> {
    const { clock } = this.#options;
    const timeout = new AbortController();
    const cancel = clock.after(timeoutMs, () => timeout.abort());
    try {
      return await request(timeout.signal);
    } catch (cause) {
      if (cause instanceof ProblemError || cause instanceof UnreachableError) throw cause;
      const timedOut = timeout.signal.aborted;
      const message = timedOut ? t('The request timed out') : t('The service is not responding');
      throw new UnreachableError(message, timedOut, { cause });
    } finally {
      cancel();
    }
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    const { base, fetch } = this.#options;
    // Writes with the cookie of the login need it.
    const headers = { ...init.headers, 'X-Roundhouse-Panel': '1' };
    // The browser's own cache would answer conditional requests itself.
    return fetch(`${base}${path}`, { ...init, headers, cache: 'no-store', credentials: 'same-origin' });
  }
}

function methodOf(operation: OperationName): string {
  return operation.slice(0, operation.indexOf(' '));
}

/** Path and query of an operation, relative to the service. */
function urlOf(operation: OperationName, input: RequestInput): string {
  const path = operation
    .slice(operation.indexOf('/') + 1)
    .replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(input.path?.[name] ?? ''));
  const query = new URLSearchParams(
    Object.entries(input.query ?? {}).map(([name, value]) => [name, String(value)]),
  );
  return query.size > 0 ? `${path}?${query}` : path;
}

/** @throws ProblemError for an error status */
async function readJson<T>(response: Response): Promise<T> {
  if (!response.ok) throw await readProblem(response);
  return await parse<T>(response);
}

/** @throws UnreachableError for a body that is not JSON */
async function parse<T>(response: Response): Promise<T> {
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new UnreachableError(t('The response is incomplete or not JSON'), false, { cause });
  }
}
