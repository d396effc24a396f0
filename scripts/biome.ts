/**
 * Runs Biome from its platform package. The wrapper package `@biomejs/biome` names packages for every
 * platform as optional, and a registry mirror that lacks one of them makes `npm ci` fail; the two Linux
 * binaries alone do not have that fault.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const binary = createRequire(import.meta.url).resolve(
  `@biomejs/cli-${process.platform}-${process.arch}/biome`,
);
const { status, error } = spawnSync(binary, process.argv.slice(2), { stdio: 'inherit' });
if (error) throw error;
process.exitCode = status ?? 1;
