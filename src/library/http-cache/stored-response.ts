import type { HeaderFields } from './headers.ts';

/** A complete response as it is stored. Times are wall-clock milliseconds since the epoch. */
export interface StoredResponse {
  /** Part of the body's key, if the body is stored under a separate key. */
  readonly id: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderFields;
  /** Whether the origin sent no Date, so that the one in `headers` is when the response was received. */
  readonly dateAdded?: boolean;
  /** Selecting header fields: names with a hash of the request's value, or null if it had none. */
  readonly vary: readonly (readonly [name: string, value: string | null])[];
  /** Generations of the cache, the service and the URL in which the request was forwarded; invalid in any others. */
  readonly generation: string;
  /** When the request was forwarded; RFC 9111's `request_time`. */
  readonly requestedAt: number;
  /** When the response was received or last validated; RFC 9111's `response_time`. */
  readonly receivedAt: number;
  /** Freshness lifetime that overrides the response's own, in seconds; see `ServiceOptions.forceCache`. */
  readonly forcedTtlS?: number;
  readonly bodyBytes: number;
  /** CRC-32 of the body. */
  readonly bodyChecksum: number;
  /** The body, if it is stored within the record. */
  readonly body?: Uint8Array;
}

/** The part of a response that freshness is calculated from. */
export type ReceivedResponse = Pick<StoredResponse, 'status' | 'headers' | 'requestedAt' | 'receivedAt'> & {
  readonly forcedTtlS?: number;
};
