import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { run } from '../run.ts';
import { findOrInstall } from '../system-packages.ts';

/** Path of Chromium, or the line that says why there is none. */
export type ProvidedChromium = { path: string } | { missing: string };

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    chromium: ProvidedChromium;
  }
}

/** Runs once, before the first test of the project: builds the panel as it is now, and finds Chromium. */
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

/** In a process of its own: by the NODE_ENV of the tests Vite would build another panel than the one that is shipped. */
async function buildPanel(): Promise<void> {
  const vite = 'node_modules/vite/bin/vite.js';
  const env = { ...process.env, NODE_ENV: 'production' };
  await run(process.execPath, [vite, 'build', '--config', 'src/panel/vite.config.ts'], { cwd: PROJECT, env });
}
