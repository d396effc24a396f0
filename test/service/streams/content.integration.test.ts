import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/index.ts';
import { EventBus } from '../../../src/service/events/events.ts';
import { createContentReader } from '../../../src/service/streams/content.ts';
import { PlaybackSessions } from '../../../src/service/streams/sessions.ts';
import { type NewStream, Streams } from '../../../src/service/streams/streams.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type StubServer, startStubServer } from '../../support/http/stub-server.ts';
import { newStream } from './fixtures.ts';

const INFOHASH = 'a'.repeat(40);
const PRIVATE_URL = 'http://169.254.169.254/latest/meta-data';

/** An engine that describes any content, and reports {@link INFOHASH} as that of any session. */
let engine: StubServer;
beforeAll(async () => {
  engine = await startStubServer((request, response) => {
    const isStat = request.url!.startsWith('/ace/stat');
    const reply = isStat ? { response: { infohash: INFOHASH } } : { result: { title: 'A channel' } };
    response.end(JSON.stringify(reply));
  });
});
afterAll(() => engine[Symbol.asyncDispose]());

/** Reads the content of a stream. @returns the targets of the requests to the engine, decoded */
async function requestsFor(change: Partial<NewStream>): Promise<string[]> {
  const clock = new FakeClock();
  const address = { host: '127.0.0.1', port: engine.port };
  const sessions = new PlaybackSessions(clock, () => address);
  using cache = new Cache({ clock });
  const read = createContentReader({
    cache,
    clock,
    addressOf: () => address,
    readInfohash: (stream, signal) => sessions.readInfohash(stream, signal),
  });
  const statUrl = `http://127.0.0.1:${engine.port}/ace/stat/x`;
  const stream = new Streams(new EventBus()).start(newStream('a', { statUrl, ...change }));
  engine.requests.length = 0;
  expect(await read(stream)).toEqual({ title: 'A channel' });
  return engine.requests.map((target) => new URLSearchParams(target.split('?')[1]).get('query') ?? target);
}

test.each(['infohash', 'content_id'] as const)('a content is named by its %s', async (keyType) => {
  expect(await requestsFor({ keyType, key: INFOHASH })).toEqual([`acestream:?${keyType}=${INFOHASH}`]);
  expect(await requestsFor({ keyType, key: `x&url=${PRIVATE_URL}` })).toEqual([
    `acestream:?${keyType}=${encodeURIComponent(`x&url=${PRIVATE_URL}`)}`,
  ]);
});

test('a URL of a client is not passed to the engine: its session is asked for the infohash', async () => {
  expect(await requestsFor({ keyType: 'url', key: PRIVATE_URL })).toEqual([
    'GET /ace/stat/x',
    `acestream:?infohash=${INFOHASH}`,
  ]);
});

test('of a magnet link, only the infohash is passed to the engine', async () => {
  const key = `magnet:?xt=urn:btih:${'B'.repeat(40)}&tr=${encodeURIComponent(PRIVATE_URL)}`;
  expect(await requestsFor({ keyType: 'magnet', key })).toEqual([`acestream:?infohash=${'B'.repeat(40)}`]);
  expect(await requestsFor({ keyType: 'magnet', key: `magnet:?tr=${PRIVATE_URL}` })).toEqual([
    'GET /ace/stat/x',
    `acestream:?infohash=${INFOHASH}`,
  ]);
});
