/**
 * Runs Biome from its platform package. The wrapper package `@biomejs/biome` has an optional dependency for every
 * platform, and `npm ci` fails if a registry mirror lacks one of them. Depending on the two Linux packages alone
 * avoids this.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const binary = createRequire(import.meta.url).resolve(
  `@biomejs/cli-${process.platform}-${process.arch}/biome`,
);
const { status, error } = spawnSync(binary, process.argv.slice(2), { stdio: 'inherit' });
if (error) throw error;
process.exitCode = status ?? 1;
