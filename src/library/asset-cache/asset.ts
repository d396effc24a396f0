/** Where an answer came from; `revalidated`: from the disk, after the origin confirmed it. */
export type AssetSource = 'memory' | 'disk' | 'revalidated' | 'network';

/** What is stored with the content of an asset. */
export interface StoredAsset {
  readonly url: string;
  /** The URL without its version. */
  readonly asset: string;
  /** The version; an empty string if there is none. */
  readonly version: string;
  /** Header fields of the response, with names in lower case. Those of the connection and of sessions are left out. */
  readonly headers: Readonly<Record<string, string>>;
  /** When the content was fetched, in milliseconds since the epoch. */
  readonly savedAt: number;
  /** When the origin last confirmed it, in milliseconds since the epoch. */
  readonly validatedAt: number;
}

/** Whether metadata on the disk is that of an asset: other programs may have written to the folder as well. */
export function isStoredAsset(metadata: unknown): metadata is StoredAsset {
  const { url, asset, version, headers, savedAt, validatedAt } = metadata as Partial<
    Record<keyof StoredAsset, unknown>
  >;
  return (
    [url, asset, version].every((one) => typeof one === 'string') &&
    [savedAt, validatedAt].every((one) => typeof one === 'number') &&
    typeof headers === 'object' &&
    headers !== null &&
    Object.values(headers).every((one) => typeof one === 'string')
  );
}

/** What `load` and `getOrFetch` return beside the content. */
export interface AssetMetadata extends StoredAsset {
  /** Status of the response: 200 unless it was not stored. */
  readonly status: number;
  /** Size of the content in bytes. */
  readonly size: number;
  /** SHA-256 hash of the content in hexadecimal digits; empty if it was not stored. */
  readonly sha256: string;
  /** Where the answer came from. */
  readonly source: AssetSource;
}

/** Content and metadata. Callers share the content and must not change it. */
export type Asset = readonly [content: Buffer, metadata: AssetMetadata];

/** A new version of an asset. */
export interface VersionChange {
  readonly asset: string;
  /** The newest version so far, and the new one. */
  readonly from: string;
  readonly to: string;
  /** Sizes of their contents in bytes. */
  readonly fromSize: number;
  readonly toSize: number;
}

/**
 * Fields that are not replayed: those of one connection, those of the coding that has been decoded, and those that
 * act on a session or on the whole site.
 */
const NOT_REPLAYED = new Set([
  'age',
  'alt-svc',
  'authentication-info',
  'clear-site-data',
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'nel',
  'proxy-authenticate',
  'report-to',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Header fields in one of the forms of Fetch and Node.js. */
export type HeadersLike =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

/** Codings that `fetch` and Playwright decode. With any other one, they return the content as it was sent. */
const DECODED = new Set(['', 'identity', 'gzip', 'x-gzip', 'deflate', 'br', 'zstd']);

/** Returns the fields that are replayed, with names in lower case. */
export function replayedHeaders(headers: HeadersLike): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of fieldsOf(headers)) {
    const lower = name.toLowerCase();
    if (value === undefined || lower.startsWith(':') || NOT_REPLAYED.has(lower)) continue;
    result[lower] = typeof value === 'string' ? value : value.join(', ');
  }
  const coding = fieldOf(headers, 'content-encoding');
  if (coding !== undefined && !isDecoded(headers)) result['content-encoding'] = coding;
  return result;
}

/** Returns the fields of a conditional request; undefined if the asset has no validators. */
export function conditionalHeaders({ headers }: StoredAsset): Record<string, string> | undefined {
  const { etag, 'last-modified': lastModified } = headers;
  if (etag === undefined && lastModified === undefined) return undefined;
  return {
    ...(etag !== undefined && { 'if-none-match': etag }),
    ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
  };
}

/**
 * Whether a content is what its header fields describe: decoded, and of the stated length. The stated length of a coded
 * content is that before decoding.
 */
export function isComplete(headers: HeadersLike, length: number): boolean {
  const stated = fieldOf(headers, 'content-length');
  const isCoded = fieldOf(headers, 'content-encoding') !== undefined;
  return isDecoded(headers) && (stated === undefined || isCoded || Number(stated) === length);
}

function isDecoded(headers: HeadersLike): boolean {
  const codings = (fieldOf(headers, 'content-encoding') ?? '').split(',');
  return codings.every((coding) => DECODED.has(coding.trim().toLowerCase()));
}

function fieldsOf(headers: HeadersLike) {
  return Symbol.iterator in headers ? [...headers] : Object.entries(headers);
}

function fieldOf(headers: HeadersLike, name: string): string | undefined {
  const value = fieldsOf(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}
