import { expect, test } from 'vitest';
import { EventBus } from '../../../src/service/events/events.ts';
import { type NewStream, Streams } from '../../../src/service/streams/streams.ts';
import { createTitleReader } from '../../../src/service/streams/titles.ts';
import { newStream } from './fixtures.ts';

function start(fields: Partial<NewStream>) {
  return new Streams(new EventBus()).start(newStream('a', fields));
}

test('a stream without a name gets the title of its content, which is read once', async () => {
  let reads = 0;
  const read = createTitleReader(async () => ({ title: `Title ${++reads}` }));
  const stream = start({});
  await Promise.all([read(stream), read(stream)]);
  expect([stream.name, reads]).toEqual(['Title 1', 1]);
});

test('the name that a client has given is kept', async () => {
  const stream = start({ name: 'Channel' });
  await createTitleReader(() => Promise.reject(new Error('not read')))(stream);
  expect(stream.name).toBe('Channel');
});

test.each([
  ['no title', async () => ({})],
  ['an empty title', async () => ({ title: '' })],
  ['an engine that fails', () => Promise.reject(new Error('no'))],
])('%s leaves it without a name', async (_name, readContent) => {
  const stream = start({});
  await createTitleReader(readContent)(stream);
  expect(stream.name).toBeNull();
});
