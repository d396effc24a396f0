import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { LaunchOptions } from 'playwright-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startWithSandbox } from '../../../../src/service/browser/chromium/launch.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'launch-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

function settings(allowNoSandbox: boolean) {
  return {
    chromiumPath: process.execPath,
    allowNoSandbox,
    artifactsDir: folder,
    clock: new FakeClock(),
    onNoSandbox: () => {},
  };
}

/** As the relay does, before Playwright kills it at the deadline of the launch. */
function createTemporaryFolder({ env }: LaunchOptions): string {
  const path = String(env!.RELAY_TEMPORARY_FOLDER);
  mkdirSync(path);
  return path;
}

test('a launch that fails leaves no temporary folder, with and without the sandbox', async () => {
  const created: string[] = [];
  const start = async (options: LaunchOptions) => {
    created.push(createTemporaryFolder(options));
    throw new Error('Timeout 30000ms exceeded');
  };
  await expect(startWithSandbox(settings(true), [], start)).rejects.toThrow('Timeout 30000ms exceeded');
  expect(created.map(dirname)).toEqual([folder, folder]);
  expect(readdirSync(folder)).toEqual([]);
});

test('the temporary folder of a Chromium that runs stays', async () => {
  expect(existsSync(await startWithSandbox(settings(false), [], async (o) => createTemporaryFolder(o)))).toBe(
    true,
  );
});
