import type { HeaderFields } from './headers.ts';

/** A complete response as the cache keeps it. Times are wall-clock milliseconds since the epoch. */
export interface StoredResponse {
  /** Names the body where it is kept apart from the record. */
  readonly id: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderFields;
  /** A hash of what the request had in each field that the response varies on; null where it had none. */
  readonly vary: readonly (readonly [name: string, value: string | null])[];
  readonly requestedAt: number;
  readonly receivedAt: number;
  /** How long it is fresh by force, in seconds, whatever its headers say. */
  readonly forcedTtlS?: number;
  readonly bodyBytes: number;
  readonly bodyChecksum: number;
  /** Present where it is kept within the record. */
  readonly body?: Uint8Array;
}

/** What is known of a response when it arrives. */
export type ReceivedResponse = Pick<StoredResponse, 'status' | 'headers' | 'requestedAt' | 'receivedAt'> & {
  readonly forcedTtlS?: number;
};
