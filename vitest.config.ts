import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['roundhouse:source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['roundhouse:source', 'node', 'import', 'default'] } },
  test: {
    // npm passes no arguments on to the tests of `npm cit`, so what counts them names the file for the counts here.
    reporters: process.env.TEST_REPORT
      ? ['default', ['json', { outputFile: process.env.TEST_REPORT }]]
      : ['default'],
    // The default leaves one core idle, which of two is half of the machine.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{browser,docker}.test.ts'],
          // For a machine that is busy with something else: nothing that hangs does so for less.
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // No test changes what modules hold; loading Fastify anew for each file took a third of the time.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/**/*.browser.test.ts'],
          globalSetup: ['test/support/browser/browser-setup.ts'],
          // One Chromium at a time; it needs the whole machine.
          sequence: { groupOrder: 1 },
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'docker',
          include: ['test/**/*.docker.test.ts'],
          globalSetup: ['test/support/docker/docker-setup.ts', 'test/support/browser/browser-setup.ts'],
          // After all others, and one file at a time: what these tests wait for is the machine itself.
          sequence: { groupOrder: 2 },
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
