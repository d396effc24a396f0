import { expect, test } from 'vitest';
import { DiskByteStore } from '../../../src/library/disk-store/index.ts';
import { createHttpCache } from '../../../src/library/http-cache/index.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { content, makeFolder, openStore } from './support.ts';

test('the HTTP cache keeps its responses on disk: another process does not request them again', async () => {
  const body = content(300_000);
  await using origin = await startStubServer((_, response) => {
    response.setHeader('cache-control', 'max-age=60').end(body);
  });
  const dir = await makeFolder();
  for (const expected of [/fwd=uri-miss/, /hit/]) {
    const store = await openStore({ dir });
    const cache = createHttpCache({ store: new DiskByteStore(store) });
    const response = await cache.fetch(`http://127.0.0.1:${origin.port}/a`);
    expect(response.headers.get('cache-status')).toMatch(expected);
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    await cache.close();
    await store.close();
  }
  expect(origin.requests).toHaveLength(1);
});
