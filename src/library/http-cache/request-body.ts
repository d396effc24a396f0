import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

type Body = Dispatcher.DispatchOptions['body'];

/** Largest request body that can be part of a key. */
const MAX_KEYED_BYTES = 1024 * 1024;

/**
 * Reads a request body that is to be part of a key.
 * @returns the body to send, as a stream can be read only once, and its bytes, unless there are more than 1 MiB of
 * them or it has none, such as null or FormData
 */
export async function readBody(body: Body): Promise<{ body: Body; bytes?: Uint8Array }> {
  if (typeof body === 'string') {
    return Buffer.byteLength(body) > MAX_KEYED_BYTES ? { body } : { body, bytes: Buffer.from(body) };
  }
  if (body instanceof Uint8Array) {
    return body.byteLength > MAX_KEYED_BYTES ? { body } : { body, bytes: body };
  }
  if (!isStream(body)) return { body };
  const chunks: Uint8Array[] = [];
  let length = 0;
  const iterator = body[Symbol.asyncIterator]();
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    const chunk = typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > MAX_KEYED_BYTES) return { body: Readable.from(remainder(chunks, iterator)) };
  }
  const bytes = Buffer.concat(chunks);
  return { body: bytes, bytes };
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array | string> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

async function* remainder(chunks: readonly Uint8Array[], rest: AsyncIterator<Uint8Array | string>) {
  yield* chunks;
  yield* { [Symbol.asyncIterator]: () => rest };
}
