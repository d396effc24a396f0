import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { isNotModified, matchesIfRange } from '../../http-cache/conditional.ts';
import type { HeaderFields } from '../../http-cache/headers.ts';
import { singleRange } from '../../http-cache/range.ts';
import type { LaneRequest, LaneResponse } from '../message.ts';
import { fromMetadata, type KeptResponse, toStoredResponse } from './kept-response.ts';
import { acceptsZstd, decode, recodedFields } from './recoding.ts';
import type { StoreEntry } from './store.ts';
import type { StoreAccess } from './store-access.ts';

/** A kept response and its entry in the store. */
export interface KeptEntry {
  readonly namespace: string;
  readonly entry: StoreEntry;
  readonly response: KeptResponse;
}

/** What the Cache-Status field of a response says. */
export interface ServedFrom {
  readonly ageS: number;
  readonly detail: string;
}

const NO_BODY = new Uint8Array();

/**
 * The response to a request from a kept one: all of it, a range, or 304.
 * @returns undefined if the body cannot be read
 */
export async function serveKept(
  access: StoreAccess,
  request: LaneRequest,
  { namespace, entry, response }: KeptEntry,
  { ageS, detail }: ServedFrom,
): Promise<LaneResponse | undefined> {
  const stored = toStoredResponse(response);
  const isRecoded = response.recodedBytes !== undefined;
  const isSentRecoded = isRecoded && request.headers.range === undefined && acceptsZstd(request.headers);
  const headers: HeaderFields = {
    ...(isSentRecoded ? recodedFields(response.headers) : response.headers),
    age: String(Math.floor(Math.max(0, ageS))),
    'cache-status': `roundhouse; ${detail}`,
  };
  if (isNotModified(request.headers, stored)) {
    const { 'content-length': _length, 'content-encoding': _encoding, ...fields } = headers;
    return { status: 304, headers: fields, body: NO_BODY };
  }
  const { status } = response;
  const size = isRecoded && !isSentRecoded ? response.recodedBytes! : entry.size;
  const complete = status === 204 ? headers : { ...headers, 'content-length': String(size) };
  if (request.method === 'HEAD' || status === 204) return { status, headers: complete, body: NO_BODY };
  const range =
    status === 200 && request.headers.range !== undefined && matchesIfRange(request.headers, stored)
      ? singleRange(request.headers, size)
      : undefined;
  if (range === 'unsatisfiable') {
    const fields = { ...headers, 'content-length': '0', 'content-range': `bytes */${size}` };
    return { status: 416, headers: fields, body: NO_BODY };
  }
  const readsDecoded = isRecoded && !isSentRecoded;
  const decoded = readsDecoded ? await readDecoded(access, namespace, entry) : undefined;
  if (readsDecoded && !decoded) return undefined;
  if (range) {
    const part =
      decoded?.subarray(range.start, range.end) ??
      (await access.range(entry, { start: range.start, end: range.end - 1 }));
    if (!part) return undefined;
    const fields = {
      ...headers,
      'content-length': String(range.end - range.start),
      'content-range': `bytes ${range.start}-${range.end - 1}/${size}`,
    };
    return { status: 206, headers: fields, body: part };
  }
  const body = decoded ?? (await access.body(namespace, entry));
  return body && { status, headers: complete, body };
}

/** The body as the origin sent it; undefined if it cannot be read. */
async function readDecoded(
  access: StoreAccess,
  namespace: string,
  entry: StoreEntry,
): Promise<Buffer | undefined> {
  const body = await access.body(namespace, entry);
  if (!body) return undefined;
  const bytes = body instanceof Uint8Array ? body : await buffer(body).catch(() => undefined);
  return bytes && decode(bytes).catch(() => undefined);
}

/**
 * The rest of a stored body as the origin sent it, from a position on.
 * @param expected the response whose body it is
 * @returns undefined if it cannot be read, or another response has replaced it
 */
export async function readFrom(
  access: StoreAccess,
  { namespace, key }: { namespace: string; key: string },
  expected: KeptResponse,
  position: number,
): Promise<Readable | Uint8Array | undefined> {
  const entry = await access.get(namespace, key);
  const response = entry && fromMetadata(entry.metadata);
  if (response?.requestedAt !== expected.requestedAt || response.receivedAt !== expected.receivedAt) {
    return undefined;
  }
  if (response.recodedBytes !== undefined)
    return (await readDecoded(access, namespace, entry!))?.subarray(position);
  return access.range(entry!, { start: position, end: entry!.size - 1 });
}
