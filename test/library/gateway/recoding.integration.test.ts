import { zstdDecompressSync } from 'node:zlib';
import { ProxyAgent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acceptsZstd } from '../../../src/library/gateway/cache/recoding.ts';
import { type Gateway, type Lane, openGateway } from '../../../src/library/gateway/index.ts';
import { type Origin, startOrigin } from './support.ts';

const TEXT = 'the same line again\n'.repeat(500);

let gateway: Gateway;
let origin: Origin;
let lane: Lane;
let agent: ProxyAgent;
let headers: Record<string, string>;

beforeEach(async () => {
  headers = { 'content-type': 'text/javascript', etag: '"strong"', 'cache-control': 'max-age=60' };
  gateway = await openGateway();
  origin = await startOrigin((_request, response) => response.writeHead(200, headers).end(TEXT));
  lane = await gateway.openLane({ namespace: 'app', allow: ['127.0.0.1'] });
  agent = new ProxyAgent(lane.proxyUrl);
});

afterEach(async () => {
  await agent.destroy();
  await gateway.close();
  await origin.close();
});

async function get(fields: Record<string, string> = {}) {
  const reply = await request(`${origin.url}/x`, { dispatcher: agent, headers: fields });
  return { status: reply.statusCode, headers: reply.headers, body: Buffer.from(await reply.body.bytes()) };
}

const storedBytes = async () => (await gateway.list('app')).resources.map(({ bytes }) => bytes);

describe('text without a content coding', () => {
  test('is stored compressed, and sent so to clients that accept it', async () => {
    expect((await get({ 'accept-encoding': 'gzip, zstd' })).headers['content-encoding']).toBeUndefined();
    expect((await storedBytes())[0]).toBeLessThan(TEXT.length / 10);
    const reply = await get({ 'accept-encoding': 'gzip, zstd' });
    expect(reply.headers).toMatchObject({
      'content-encoding': 'zstd',
      etag: 'W/"strong"',
      vary: 'accept-encoding',
      'content-length': String((await storedBytes())[0]),
    });
    expect(zstdDecompressSync(reply.body).toString()).toBe(TEXT);
  });

  test('is sent as the origin sent it to other clients, and for ranges', async () => {
    await get();
    const reply = await get({ 'accept-encoding': 'gzip' });
    expect(reply.headers).toMatchObject({ etag: '"strong"', 'content-length': String(TEXT.length) });
    expect(reply.headers['content-encoding']).toBeUndefined();
    expect(reply.body.toString()).toBe(TEXT);
    const range = await get({ range: 'bytes=4-7', 'accept-encoding': 'zstd' });
    expect(range).toMatchObject({
      status: 206,
      headers: { 'content-range': `bytes 4-7/${TEXT.length}` },
    });
    expect(range.body.toString()).toBe('same');
    expect(origin.requests).toHaveLength(1);
  });

  test('is not modified for a client that has the weak entity tag', async () => {
    await get();
    expect((await get({ 'if-none-match': 'W/"strong"', 'accept-encoding': 'zstd' })).status).toBe(304);
  });
});

test.each([
  ['no-transform', { 'cache-control': 'max-age=60, no-transform' }],
  ['a content coding', { 'content-encoding': 'x-own' }],
  ['another type', { 'content-type': 'application/wasm' }],
])('a response with %s is stored as it was received', async (_what, fields) => {
  headers = { ...headers, ...fields };
  await get();
  expect(await storedBytes()).toEqual([TEXT.length]);
  const reply = await get({ 'accept-encoding': 'zstd' });
  expect(reply.headers.etag).toBe('"strong"');
  expect(reply.body.toString()).toBe(TEXT);
});

test.each([
  ['zstd', true],
  ['gzip, br;q=0.5, zstd;q=0.1', true],
  ['ZSTD', true],
  ['zstd;q=0', false],
  ['zstd; q=0.000', false],
  ['gzip', false],
  ['', false],
])('Accept-Encoding %j accepts zstd: %s', (field, expected) => {
  expect(acceptsZstd({ 'accept-encoding': field })).toBe(expected);
});
