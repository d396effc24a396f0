import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

test('an installation without development dependencies succeeds, and says that the panel is not built', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-prepare-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await copyFile('scripts/prepare.ts', join(folder, 'prepare.mts'));
  const { stdout } = await promisify(execFile)(process.execPath, ['prepare.mts'], { cwd: folder });
  expect(stdout).toContain('The panel is not built');
});
