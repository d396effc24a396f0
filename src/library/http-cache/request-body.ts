import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

type Body = Dispatcher.DispatchOptions['body'];

/** Largest request body that is made part of a key. */
const MAX_KEYED = 1024 * 1024;

/**
 * The bytes of a request body, to key a response by; undefined for one that is too large, or none that is
 * made of bytes. A body that had to be read for this is given back as `body`.
 */
export async function readBody(body: Body): Promise<{ body: Body; bytes?: Uint8Array }> {
  if (typeof body === 'string') return { body, bytes: Buffer.from(body) };
  if (body instanceof Uint8Array) return { body, bytes: body };
  if (!isStream(body)) return { body };
  const chunks: Uint8Array[] = [];
  let length = 0;
  const iterator = body[Symbol.asyncIterator]();
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    const chunk = typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > MAX_KEYED) return { body: Readable.from(restOf(chunks, iterator)) };
  }
  const bytes = Buffer.concat(chunks);
  return { body: bytes, bytes };
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array | string> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

async function* restOf(read: readonly Uint8Array[], rest: AsyncIterator<Uint8Array | string>) {
  yield* read;
  yield* { [Symbol.asyncIterator]: () => rest };
}
