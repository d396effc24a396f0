import { get } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeApp, type TestApp } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';

let app: TestApp;
beforeAll(async () => {
  const fake = await startFakeApp({ settings: { CORS_ORIGIN: 'http://panel.example' } });
  for (let n = 0; n < 3; n += 1) fake.runtime.start({ labels: { text: 'ä'.repeat(300) } });
  app = fake;
  await waitUntil('the engines', async () => (await app.get('/engines')).body.length === 3, 10_000);
});
afterAll(() => app[Symbol.asyncDispose]());

/** Sends a request, and does not decode the response. */
async function read(path: string, headers: Record<string, string> = {}) {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) =>
    get(`${app.url}${path}`, { headers, agent: false }, resolve).on('error', reject),
  );
  const bytes = await buffer(response);
  return { status: response.statusCode, headers: response.headers, bytes };
}

const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

describe.each(['/engines', '/events', '/openapi.json'])('%s', (path) => {
  test.each(Object.entries(DECODERS))('is sent as %s to a client that accepts it', async (coding, decode) => {
    const plain = await read(path);
    const { headers, bytes } = await read(path, { 'accept-encoding': coding });
    expect(headers['content-encoding']).toBe(coding);
    expect(headers['content-length']).toBe(String(bytes.length));
    expect(headers.vary).toBe('Origin, Accept-Encoding');
    expect(headers['content-type']).toBe(plain.headers['content-type']);
    expect(JSON.parse(decode(bytes).toString())).toEqual(JSON.parse(plain.bytes.toString()));
    expect(bytes.length).toBeLessThan(plain.bytes.length / 2);
  });

  test('is sent as it is to other clients, with the same Vary', async () => {
    for (const accepted of ['', 'identity', 'deflate', 'gzip;q=0']) {
      const { headers } = await read(path, { 'accept-encoding': accepted });
      expect([headers['content-encoding'], headers.vary]).toEqual([undefined, 'Origin, Accept-Encoding']);
    }
  });
});

test.each(['/engines', '/events'])('the entity tag of %s is valid for all codings', async (path) => {
  const gzip = await read(path, { 'accept-encoding': 'gzip' });
  const { etag } = gzip.headers;
  expect(etag).toMatch(/^W\//);
  expect((await read(path)).headers.etag).toBe(etag);
  for (const coding of ['gzip', 'br', 'identity']) {
    const reply = await read(path, { 'accept-encoding': coding, 'if-none-match': etag! });
    expect([reply.status, reply.bytes.length, reply.headers['content-encoding']]).toEqual([
      304,
      0,
      undefined,
    ]);
  }
});

test('a short body and an error are not compressed', async () => {
  for (const path of ['/version', '/nothing', '/engines/unknown'])
    expect((await read(path, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
});
