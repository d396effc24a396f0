import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { killWriters } from './kills.ts';
import { makeFolder } from './support.ts';

const KILLS = 200;

test('after 200 kills in the middle of writes, every stored byte is as written', {
  timeout: 10 * 60_000,
}, async () => {
  const dir = await makeFolder();
  let compared = 0;
  // A kill within a write leaves a temporary file, unless it hits one of the few steps without one.
  for (let interrupted = 0; interrupted < KILLS; interrupted = (await readdir(join(dir, 'tmp'))).length) {
    compared += await killWriters(dir, 10);
  }
  expect(compared).toBeGreaterThan(KILLS);
});
