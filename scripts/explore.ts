/**
 * Runs the property tests on a fresh seed, or on the one in TEST_SEED, and prints it. Arguments go to vitest:
 * `npm run test:explore -- test/library/cache`.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

const seed = process.env.TEST_SEED ?? String(randomInt(2 ** 31));
const repeat = `TEST_SEED=${seed} npm run test:explore`;
process.stdout.write(`Seed ${seed}. To repeat this run: ${repeat}\n`);
const command = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'explore', ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, command, {
  stdio: 'inherit',
  env: { ...process.env, TEST_SEED: seed },
});
process.stdout.write(`Seed ${seed}. To repeat this run: ${repeat}\n`);
process.exitCode = status ?? 1;
