import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A suite is chosen by the ending of the file's name; `*.test.ts` alone is a unit test. */
const SUITES = ['integration', 'browser', 'docker', 'acceptance', 'explore'];
const DOCKER_SETUP = 'test/support/docker/docker-setup.ts';
const BROWSER_SETUP = 'test/support/browser/browser-setup.ts';
const MINUTE_MS = 60_000;
/** Files that run at once. Most of them wait for processes, timers and sockets more than they compute. */
const WORKERS = Math.ceil(1.5 * availableParallelism());
/** Processes that tests start load in half of the time: it contains the sources without their types, and their bytecode. */
const COMPILE_CACHE = fileURLToPath(new URL('node_modules/.cache/node-compile-cache', import.meta.url));

export default defineConfig({
  resolve: { conditions: ['roundhouse:source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['roundhouse:source', 'node', 'import', 'default'] } },
  test: {
    // npm passes no arguments on to the tests of `npm cit`, so a caller that counts them names the report here.
    reporters: process.env.TEST_REPORT
      ? ['default', ['json', { outputFile: process.env.TEST_REPORT }]]
      : ['default'],
    maxWorkers: WORKERS,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    setupFiles: ['test/support/property-seed.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [`test/**/*.{${SUITES.join(',')}}.test.ts`],
          setupFiles: ['test/support/property-seed.ts', 'test/support/no-sockets.ts'],
          // Deadlines leave room for a machine that is busy with something else.
          testTimeout: 30_000,
          // No test changes what modules hold, and loading Fastify anew for each file took a third of the time.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.integration.test.ts'],
          testTimeout: 30_000,
          hookTimeout: MINUTE_MS,
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/**/*.browser.test.ts'],
          globalSetup: [BROWSER_SETUP],
          sequence: { groupOrder: 1 },
          testTimeout: MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'docker',
          include: ['test/**/*.docker.test.ts'],
          globalSetup: [DOCKER_SETUP, BROWSER_SETUP],
          // After the browser suite: Chromium aborts requests with ERR_NETWORK_CHANGED when a container's interface appears.
          sequence: { groupOrder: 2 },
          testTimeout: MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'acceptance',
          include: ['test/**/*.acceptance.test.ts'],
          globalSetup: [DOCKER_SETUP, BROWSER_SETUP],
          fileParallelism: false,
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'explore',
          include: ['test/**/*.explore.test.ts', 'test/**/*.property{,.integration,.acceptance}.test.ts'],
          testTimeout: 10 * MINUTE_MS,
          isolate: false,
        },
      },
    ],
  },
});
