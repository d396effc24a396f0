import { fieldValue, type HeaderFields, storableFields } from '../../http-cache/headers.ts';
import type { StoredResponse } from '../../http-cache/stored-response.ts';
import { type SelectingFields, selectingFields } from '../../http-cache/vary.ts';
import type { StoreMetadata } from './store.ts';

/** Fields that act on the browser's state, and so are not repeated in later sessions. */
const NEVER_KEPT = [
  'set-cookie',
  'set-cookie2',
  'clear-site-data',
  'nel',
  'report-to',
  'authentication-info',
];
/** Fields of this gateway and of the hop to it. */
const OWN_FIELDS = ['age', 'proxy-authentication-info', 'cache-status', 'proxy-status'];

const FORMAT = 2;

/** A response as it is kept, without its body. Times are in milliseconds since the epoch. */
export interface KeptResponse {
  /** Without redacted parameters. */
  readonly url: string;
  readonly status: number;
  /** Pattern of the rule by which it is kept. */
  readonly rule: string;
  readonly headers: HeaderFields;
  /** Selecting header fields, with hashed values. */
  readonly vary: SelectingFields;
  readonly requestedAt: number;
  readonly receivedAt: number;
  readonly forcedTtlS?: number;
  /** Size of the body before it was compressed with zstd for the store; undefined if it is stored as received. */
  readonly recodedBytes?: number;
  /** Whether it may be served to requests with credentials although it is kept under the common key. */
  readonly forEveryone: boolean;
}

/** The kept response in an entry's metadata; undefined if another version wrote it. */
export function fromMetadata({ format, response }: StoreMetadata): KeptResponse | undefined {
  return format === FORMAT ? (response as KeptResponse) : undefined;
}

/** The metadata of a kept response. */
export function toMetadata(response: KeptResponse): StoreMetadata {
  return { format: FORMAT, response };
}

/** The view of a kept response that RFC 9111's decisions are made on. */
export function toStoredResponse(response: KeptResponse): StoredResponse {
  return { ...response, id: '', generation: '', statusText: '', bodyBytes: 0, bodyChecksum: 0 };
}

/**
 * The fields that are kept: without those that act on the browser's state, and without any that contain a
 * redacted value, such as a Location with a token.
 */
export function keptFields(
  headers: HeaderFields,
  dropped: readonly string[],
  secrets: readonly string[],
): HeaderFields {
  const kept = storableFields(headers, [...NEVER_KEPT, ...OWN_FIELDS, ...dropped]);
  if (secrets.length === 0) return kept;
  const isClean = (value: string | string[]) => !secrets.some((secret) => String(value).includes(secret));
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => isClean(value)));
}

/**
 * The fields of the request that selected a response: those in Vary, and Origin if the permission for other
 * origins depends on it. Servers that send `Access-Control-Allow-Origin` for some requests only often omit it
 * from Vary; without this, a script kept for one page would be refused on another.
 */
export function selectionOf(request: HeaderFields, response: HeaderFields): SelectingFields | undefined {
  const allowed = fieldValue(response, 'access-control-allow-origin');
  if (allowed === '*') return selectingFields(request, response);
  const vary = fieldValue(response, 'vary');
  return selectingFields(request, { vary: vary === undefined ? 'origin' : `${vary}, origin` });
}
