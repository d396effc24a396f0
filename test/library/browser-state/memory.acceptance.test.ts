import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from './support.ts';

const PROGRAM = fileURLToPath(new URL('memory-child.ts', import.meta.url));

async function measure(sizeMb: number): Promise<number> {
  const env = { ...process.env, FOLDER: await temporaryFolder(), SIZE_MB: String(sizeMb) };
  const child = fork(PROGRAM, [], { env, execArgv: [] });
  const exited = once(child, 'exit');
  const [result] = await once(child, 'message');
  expect(await exited).toEqual([0, null]);
  expect(result.sizeMb).toBe(sizeMb);
  return result.maxRssMb;
}

test('the memory of a commit and a mount does not grow with the profile', { timeout: 300_000 }, async () => {
  const [small, large] = [await measure(50), await measure(200)];
  expect(large - small).toBeLessThan(100);
});
