import type { ByteQueue } from './byte-queue.ts';
import type { HeaderFields } from './headers.ts';
import type { CacheRequest } from './key.ts';
import type { HttpCachePolicy } from './options.ts';

/** A response from the origin whose header section has been received. */
export interface OriginResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderFields;
  /** The body, while it arrives. */
  readonly body: ByteQueue;
}

/** A request that has been forwarded to the origin. */
export interface ForwardedRequest {
  /** Rejects with the origin's error or the abort reason. */
  readonly response: Promise<OriginResponse>;
  abort(reason: Error): void;
}

/** A client's request and what is needed to handle it. */
export interface RequestContext {
  readonly request: CacheRequest;
  readonly policy: HttpCachePolicy;
  /** Forwards the request to the origin with these header fields. */
  readonly forward: (headers: HeaderFields) => ForwardedRequest;
  /** Aborted when the client aborts the request. */
  readonly signal: AbortSignal;
}
