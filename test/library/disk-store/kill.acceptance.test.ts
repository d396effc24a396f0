import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { killWriters } from './kills.ts';
import { makeFolder } from './support.ts';

/** Two processes are killed in each round. */
const ROUNDS = 100;

test('after 200 kills in the middle of writes, every stored byte is as written', {
  timeout: 10 * 60_000,
}, async () => {
  const dir = await makeFolder();
  expect(await killWriters(dir, ROUNDS)).toBeGreaterThan(ROUNDS);
  // Those that hit a body which was being written: about a quarter. Others hit the steps after it.
  expect((await readdir(join(dir, 'tmp'))).length).toBeGreaterThan(ROUNDS / 10);
});
