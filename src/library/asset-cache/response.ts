import {
  type Asset,
  type AssetMetadata,
  type HeadersLike,
  isComplete,
  replayedHeaders,
  type StoredAsset,
} from './asset.ts';
import type { AssetVersion } from './version.ts';

/** The parts of a response that are used: that of Fetch, of Playwright's `route.fetch`, or of your own. */
export interface ResponseLike {
  readonly status: number | (() => number);
  readonly headers: HeadersLike | (() => HeadersLike);
  /** Whether a redirect was followed. Default false. */
  readonly redirected?: boolean;
  /** URL of the response, as Playwright's responses have. */
  readonly url?: string | (() => string);
  arrayBuffer?(): Promise<ArrayBuffer>;
  body?: unknown;
}

/**
 * Fetches a URL. `headers` are those of a conditional request. The content must be decoded (gzip, br, …), as that of
 * `fetch` is. May return the content alone, if it is complete.
 */
export type FetchAsset = (
  url: string,
  options: { headers: Record<string, string> },
) => Promise<ResponseLike | Uint8Array | string> | ResponseLike | Uint8Array | string;

/** A response whose content has been read. */
export interface FetchedAsset {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly content: Buffer;
  /** Whether the answer may be stored: complete, successful, and not that of another URL. */
  readonly storable: boolean;
}

/** Reads a response of any form. */
export async function readResponse(
  url: string,
  response: Awaited<ReturnType<FetchAsset>>,
): Promise<FetchedAsset> {
  if (typeof response === 'string' || response instanceof Uint8Array) {
    return { status: 200, headers: {}, content: toBuffer(response), storable: true };
  }
  // Called as methods: Playwright's responses need their `this`.
  const status = typeof response.status === 'function' ? response.status() : response.status;
  const headers = typeof response.headers === 'function' ? response.headers() : response.headers;
  const responseUrl = (typeof response.url === 'function' ? response.url() : response.url) ?? '';
  const redirected = response.redirected === true || (responseUrl !== '' && responseUrl !== withoutHash(url));
  const content = await readBody(response);
  return {
    status,
    headers: replayedHeaders(headers),
    content,
    storable: status === 200 && !redirected && isComplete(headers, content.byteLength),
  };
}

/** Converts content without copying it. */
export function toBuffer(content: Uint8Array | string): Buffer {
  if (typeof content === 'string') return Buffer.from(content);
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

async function readBody(response: ResponseLike): Promise<Buffer> {
  if (typeof response.arrayBuffer === 'function') return Buffer.from(await response.arrayBuffer());
  if (typeof response.body === 'function') return toBuffer(await response.body());
  return toBuffer((response.body ?? '') as Uint8Array | string);
}

function withoutHash(url: string): string {
  const parsed = new URL(url);
  parsed.hash = '';
  return parsed.href;
}

/** Makes an answer of what was fetched. */
export function toAsset(
  url: string,
  { asset, version = '' }: AssetVersion,
  { content, headers, status }: FetchedAsset,
  stored?: StoredAsset,
): Asset {
  const now = Date.now();
  const metadata: AssetMetadata = {
    ...(stored ?? { url, asset, version, headers, savedAt: now, validatedAt: now }),
    status,
    size: content.byteLength,
    sha256: '',
    source: 'network',
  };
  return [content, metadata];
}
