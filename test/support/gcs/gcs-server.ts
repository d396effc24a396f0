import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { CRC32C } from '@google-cloud/storage';
import { parseMultipart } from './multipart.ts';

const OBJECTS = /^\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/;
const UPLOAD = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/;

interface StoredObject {
  readonly bytes: Buffer;
  readonly generation: number;
  readonly updated: string;
}

/** What happens to a request instead of an answer: an error with this status, or a cut connection. */
export type GcsFault =
  | { readonly status: number }
  | { readonly cut: 'request' | 'before the answer' | 'in the answer' }
  | { readonly hang: true };

/** An error in the form of the JSON API. */
class ApiError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/**
 * The part of Google Cloud Storage's JSON API that the driver uses, in memory: objects with generations, multipart
 * uploads with the precondition `ifGenerationMatch`, downloads, pages of listings, deletions.
 * @see https://cloud.google.com/storage/docs/json_api/v1/objects
 */
export class GcsServer implements AsyncDisposable {
  /** Largest page of a listing. Google's is 1000. */
  pageSize = 1000;
  /** Method and path of each request, such as `POST /upload/storage/v1/b/bucket/o`. */
  readonly requests: string[] = [];
  /** Returns what is to go wrong with a request. */
  fault: (request: string) => GcsFault | undefined = () => undefined;
  readonly #buckets = new Map<string, Map<string, StoredObject>>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #generation = 1_700_000_000_000_000;

  constructor(buckets: readonly string[]) {
    for (const name of buckets) this.#buckets.set(name, new Map());
  }

  /** Starts the server on a free port of 127.0.0.1. */
  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close().closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.url);
    const name = `${request.method} ${decodeURIComponent(url.pathname)}${url.search}`;
    this.requests.push(name);
    const fault = this.fault(name);
    try {
      if (fault && 'hang' in fault) return;
      if (fault && 'cut' in fault && fault.cut === 'request') {
        await once(request, 'readable');
        request.socket.resetAndDestroy();
        return;
      }
      const body = await buffer(request);
      if (fault && 'status' in fault)
        throw new ApiError(fault.status, 'backendError', `simulated error ${fault.status}`);
      this.#answer(request, url, body, response);
      if (fault && 'cut' in fault) cutAnswer(response, fault.cut);
    } catch (error) {
      if (!(error instanceof ApiError)) request.socket.destroy();
      else sendError(response, error, url.searchParams.get('alt') === 'media');
    }
    if (!response.destroyed) response.end();
  }

  #answer({ method, headers }: IncomingMessage, url: URL, body: Buffer, response: ServerResponse): void {
    const query = url.searchParams;
    const upload = UPLOAD.exec(url.pathname);
    const [, bucket = '', encoded] = upload ?? OBJECTS.exec(url.pathname) ?? [];
    const objects = this.#buckets.get(bucket);
    if (!objects) throw new ApiError(404, 'notFound', 'The specified bucket does not exist.');
    const key = decodeURIComponent(encoded ?? '');
    if (upload && method === 'POST') {
      if (query.get('uploadType') !== 'multipart')
        throw new ApiError(501, 'notImplemented', 'only multipart uploads are simulated');
      const { metadata, bytes } = parseMultipart(headers['content-type'] ?? '', body);
      const name = query.get('name') ?? String(metadata.name);
      this.#insert(objects, name, bytes, query);
      sendJson(response, describe(bucket, name, objects));
    } else if (method === 'GET' && encoded === undefined) {
      sendJson(response, list(bucket, objects, query, this.pageSize));
    } else {
      const object = objects.get(key);
      if (!object) throw new ApiError(404, 'notFound', `No such object: ${bucket}/${key}`);
      if (method === 'DELETE') {
        objects.delete(key);
        response.statusCode = 204;
      } else if (query.get('alt') === 'media') sendMedia(response, object);
      else sendJson(response, describe(bucket, key, objects));
    }
  }

  /** One step, so that of several requests with the same condition only the first succeeds. */
  #insert(objects: Map<string, StoredObject>, key: string, bytes: Buffer, query: URLSearchParams): void {
    const condition = query.get('ifGenerationMatch');
    // 0 stands for an object that does not exist.
    if (condition !== null && Number(condition) !== (objects.get(key)?.generation ?? 0))
      throw new ApiError(
        412,
        'conditionNotMet',
        'At least one of the pre-conditions you specified did not hold.',
      );
    this.#generation += 1;
    objects.set(key, { bytes, generation: this.#generation, updated: new Date().toISOString() });
  }
}

/** A page of a listing: keys in byte order from `startOffset`, after the key that the token stands for. */
function list(bucket: string, objects: Map<string, StoredObject>, query: URLSearchParams, maxSize: number) {
  const [prefix, start] = [query.get('prefix') ?? '', query.get('startOffset') ?? ''];
  const after = Buffer.from(query.get('pageToken') ?? '', 'base64url').toString();
  const size = Math.min(Number(query.get('maxResults') ?? maxSize), maxSize);
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && key >= start && key > after)
    .sort();
  const page = keys.slice(0, size);
  return {
    kind: 'storage#objects',
    ...(keys.length > size && { nextPageToken: Buffer.from(page.at(-1)!).toString('base64url') }),
    ...(page.length > 0 && { items: page.map((key) => describe(bucket, key, objects)) }),
  };
}

function describe(bucket: string, name: string, objects: Map<string, StoredObject>) {
  const { bytes, generation, updated } = objects.get(name)!;
  return {
    kind: 'storage#object',
    ...{ bucket, name, updated, timeCreated: updated, generation: String(generation), metageneration: '1' },
    ...{ size: String(bytes.length), crc32c: checksum(bytes) },
  };
}

function sendMedia(response: ServerResponse, { bytes, generation }: StoredObject): void {
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-length', bytes.length);
  response.setHeader('x-goog-generation', String(generation));
  response.setHeader('x-goog-stored-content-encoding', 'identity');
  response.setHeader('x-goog-hash', `crc32c=${checksum(bytes)}`);
  response.write(bytes);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json; charset=UTF-8');
  response.write(JSON.stringify(value));
}

/** Errors of downloads are plain text. */
function sendError(response: ServerResponse, { status, reason, message }: ApiError, isMedia: boolean): void {
  response.statusCode = status;
  if (isMedia) response.write(message);
  else
    sendJson(response, { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } });
}

function cutAnswer(response: ServerResponse, where: 'before the answer' | 'in the answer' | 'request'): void {
  if (where === 'in the answer') response.socket?.end();
  response.socket?.resetAndDestroy();
}

function checksum(bytes: Buffer): string {
  const sum = new CRC32C();
  sum.update(bytes);
  return sum.toString();
}
