import { promisify } from 'node:util';
import {
  brotliCompress,
  brotliCompressSync,
  constants,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
} from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from './answers.ts';
import type { Api } from './context.ts';

/** A content coding of HTTP. */
export type ContentCoding = 'zstd' | 'br' | 'gzip';

/** Shorter bodies fit into one packet anyway. */
export const MIN_COMPRESSED_BYTES = 1000;
/** Clients send few different headers. */
const MAX_KNOWN_HEADERS = 64;
/** Levels that take less than a millisecond for the answers of 60 engines. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

/** In order of preference, among those that a client accepts equally. */
const CODINGS: Readonly<
  Record<ContentCoding, { now: (body: Buffer) => Buffer; later: (body: Buffer) => Promise<Buffer> }>
> = {
  zstd: {
    now: (body) => zstdCompressSync(body, ZSTD),
    later: (body) => promisify(zstdCompress)(body, ZSTD),
  },
  br: {
    now: (body) => brotliCompressSync(body, BROTLI),
    later: (body) => promisify(brotliCompress)(body, BROTLI),
  },
  gzip: { now: (body) => gzipSync(body), later: (body) => promisify(gzip)(body) },
};
const NAMES = Object.keys(CODINGS) as ContentCoding[];

const known = new Map<string, ContentCoding | null>();

/**
 * Returns the coding that a client prefers, or null for none.
 * @param header the value of `Accept-Encoding`
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-12.5.3
 */
export function preferredCoding(header: string | undefined): ContentCoding | null {
  if (header === undefined || header === '') return null;
  const existing = known.get(header);
  if (existing !== undefined) return existing;
  const coding = negotiate(header);
  if (known.size < MAX_KNOWN_HEADERS) known.set(header, coding);
  return coding;
}

function negotiate(header: string): ContentCoding | null {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((text) => text.startsWith('q='))?.slice(2) ?? '1';
    weights.set(name === 'x-gzip' ? 'gzip' : name, Number(weight) || 0);
  }
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  const best = NAMES.reduce((found, name) => (weightOf(name) > weightOf(found) ? name : found));
  const identity = weights.get('identity') ?? 0;
  return weightOf(best) > 0 && weightOf(best) >= identity ? best : null;
}

/** The compressed bodies of each answer, which live as long as the answer. */
const encoded = new WeakMap<Answer<unknown>, Map<ContentCoding, string>>();

/**
 * The compressed body of an answer, as a binary string like the body itself. It is made when the first client accepts
 * the coding. The entity tag is the same for all codings, which a weak one can be.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3.3
 */
export function encodedBody(answer: Answer<unknown>, coding: ContentCoding): string {
  let bodies = encoded.get(answer);
  if (!bodies) {
    bodies = new Map();
    encoded.set(answer, bodies);
  }
  let body = bodies.get(coding);
  if (body === undefined) {
    body = CODINGS[coding].now(Buffer.from(answer.body, 'latin1')).toString('latin1');
    bodies.set(coding, body);
  }
  return body;
}

/** Compresses the JSON of all routes whose replies Fastify sends. Call before routes are registered. */
export function compressJson(api: Api): void {
  api.addHook('onRoute', (route) => {
    // After the hooks that make an entity tag of the text.
    route.onSend = [...[route.onSend ?? []].flat(), compress];
  });
}

async function compress(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (reply.statusCode === 304) addVary(reply);
  if (typeof payload !== 'string' || payload.length < MIN_COMPRESSED_BYTES) return payload;
  if (!/^application\/([a-z.-]+\+)?json/.test(String(reply.getHeader('content-type')))) return payload;
  addVary(reply);
  const coding = preferredCoding(request.headers['accept-encoding']);
  if (coding === null || request.method === 'HEAD') return payload;
  reply.removeHeader('content-length').header('Content-Encoding', coding);
  return await CODINGS[coding].later(Buffer.from(payload));
}

function addVary(reply: FastifyReply): void {
  const vary = reply.getHeader('vary');
  reply.header('Vary', vary === undefined ? 'Accept-Encoding' : `${String(vary)}, Accept-Encoding`);
}
