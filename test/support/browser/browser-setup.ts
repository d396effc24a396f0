import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { run } from '../run.ts';
import { findOrInstall } from '../system-packages.ts';

/** Path of Chromium, or a line that says why it is missing. */
export type ProvidedChromium = { path: string } | { missing: string };

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    chromium: ProvidedChromium;
  }
}

/** Runs once before the tests of the project: builds the panel, and finds or installs Chromium. */
export default async function setup(project: TestProject): Promise<void> {
  await buildPanel();
  const found = await findOrInstall({ chromium: 'chromium' });
  if ('missing' in found) {
    process.stderr.write(`Browser tests are skipped: ${found.missing}\n`);
    project.provide('chromium', found);
    return;
  }
  project.provide('chromium', { path: found.paths.chromium });
}

/** Builds in another process, because Vite would use the NODE_ENV of the tests and build for development. */
async function buildPanel(): Promise<void> {
  const vite = 'node_modules/vite/bin/vite.js';
  const env = { ...process.env, NODE_ENV: 'production' };
  await run(process.execPath, [vite, 'build', '--config', 'src/panel/vite.config.ts'], { cwd: PROJECT, env });
}
