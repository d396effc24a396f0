import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Resume, SharedBody } from '../../../src/library/gateway/cache/shared-body.ts';

const CHUNK_BYTES = 1024 * 1024;
const chunk = (index: number) => Buffer.alloc(CHUNK_BYTES, index + 1);
const chunks = (count: number) => Buffer.concat(Array.from({ length: count }, (_, index) => chunk(index)));
const noResume: Resume = () => Promise.reject(new Error('the store is not read'));

test('followers read the same body at their own pace', async () => {
  const body = new SharedBody(() => {});
  const first = body.follow(noResume)!;
  body.push(chunk(0));
  const second = body.follow(noResume)!;
  const read = buffer(first);
  body.push(chunk(1));
  await turn();
  body.push(chunk(2));
  body.end();
  expect((await read).equals(chunks(3))).toBe(true);
  expect((await buffer(second)).equals(chunks(3))).toBe(true);
  expect(body.hasFollowers).toBe(false);
});

test('one that falls behind reads the rest from the store, and does not hold up the source', async () => {
  const body = new SharedBody(() => {});
  const positions: number[] = [];
  const slow = body.follow(async (position) => {
    positions.push(position);
    return Readable.from([chunks(20).subarray(position)], { objectMode: false });
  })!;
  const reading = slow[Symbol.asyncIterator]();
  body.push(chunk(0));
  const received: Buffer[] = [(await reading.next()).value];
  for (let index = 1; index < 20; index += 1) {
    body.push(chunk(index));
    await turn();
    expect(body.isFull).toBe(false);
  }
  body.end();
  for await (const part of reading as AsyncIterable<Buffer>) received.push(part);
  expect(Buffer.concat(received).equals(chunks(20))).toBe(true);
  expect(positions).toHaveLength(1);
  expect(positions[0]! % CHUNK_BYTES).toBe(0);
});

test('without a stored copy, the source waits for the slowest follower', async () => {
  let changes = 0;
  const body = new SharedBody(() => {
    changes += 1;
  });
  const slow = body.follow(noResume)!;
  body.abandonStore();
  let pushed = 0;
  while (!body.isFull) {
    body.push(chunk(pushed));
    pushed += 1;
  }
  expect(pushed).toBeLessThan(8);
  const received: Buffer[] = [];
  for await (const part of slow) {
    received.push(part);
    if (received.length === pushed) body.end();
  }
  expect(changes).toBeGreaterThan(0);
  expect(body.isFull).toBe(false);
  expect(Buffer.concat(received).equals(chunks(pushed))).toBe(true);
});

test('cannot be followed once its start is gone, once it is complete, or if it is not stored', () => {
  const long = new SharedBody(() => {});
  for (let index = 0; index < 6; index += 1) long.push(chunk(index));
  const complete = new SharedBody(() => {});
  complete.end();
  const unstored = new SharedBody(() => {});
  unstored.abandonStore();
  for (const body of [long, complete, unstored]) expect(body.follow(noResume)).toBeUndefined();
});

test('a follower that leaves while it waits frees what was kept for it, and is reported', async () => {
  let changes = 0;
  const body = new SharedBody(() => {
    changes += 1;
  });
  const follower = body.follow(noResume)!;
  follower.resume();
  await turn();
  follower.destroy();
  await turn();
  expect(body.hasFollowers).toBe(false);
  expect(changes).toBe(1);
});

test('an error of the source reaches the followers, after what arrived before it', async () => {
  const body = new SharedBody(() => {});
  const follower = body.follow(noResume)!;
  body.push(chunk(0));
  body.end(new Error('reset'));
  const received: Buffer[] = [];
  const read = async () => {
    for await (const part of follower) received.push(part);
  };
  await expect(read()).rejects.toThrow('reset');
  expect(Buffer.concat(received).equals(chunk(0))).toBe(true);
});
