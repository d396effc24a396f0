import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { TestProject } from 'vitest/node';
import { findOrInstall } from './system-packages.ts';

/** Path of Chromium, or the line that says why there is none. */
export type ProvidedChromium = { path: string } | { missing: string };

declare module 'vitest' {
  interface ProvidedContext {
    chromium: ProvidedChromium;
  }
}

/** Runs once, before the first test of the project: builds the panel as it is now, and finds Chromium. */
export default async function setup(project: TestProject): Promise<void> {
  await build({ configFile: fileURLToPath(new URL('../../panel/vite.config.ts', import.meta.url)) });
  const found = await findOrInstall({ chromium: 'chromium' });
  if ('missing' in found) {
    process.stderr.write(`Browser tests are skipped: ${found.missing}\n`);
    project.provide('chromium', found);
    return;
  }
  project.provide('chromium', { path: found.paths.chromium });
}
