import { expect, test } from 'vitest';
import { killWriters } from './kills.ts';
import { makeFolder } from './support.ts';

/** Two processes are killed in each round. */
const ROUNDS = 100;

test('after 200 kills in the middle of writes, every stored byte is as written', {
  timeout: 10 * 60_000,
}, async () => {
  const { bodies, compared } = await killWriters(await makeFolder(), ROUNDS);
  // At least one of the two processes was in the middle of a body.
  expect(bodies).toBeGreaterThanOrEqual(ROUNDS);
  expect(compared).toBeGreaterThan(ROUNDS);
});
