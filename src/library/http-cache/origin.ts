import type { ByteQueue } from './byte-queue.ts';
import type { HeaderFields } from './headers.ts';
import type { CacheRequest } from './key.ts';
import type { HttpCachePolicy } from './options.ts';

/** A response as it begins to come from the origin. */
export interface OriginResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderFields;
  readonly body: ByteQueue;
}

/** A request on its way to the origin. */
export interface Asked {
  /** Rejects with the origin's failure, or the reason of `abort`. */
  readonly response: Promise<OriginResponse>;
  abort(reason: Error): void;
}

/** One request to the cache. */
export interface Job {
  readonly request: CacheRequest;
  readonly policy: HttpCachePolicy;
  /** Sends the request to the origin with these fields. */
  readonly ask: (headers: HeaderFields) => Asked;
  /** Aborts when the client has no more use for the answer. */
  readonly signal: AbortSignal;
}
