import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findChromium } from '../../../../src/service/browser/chromium/chromium.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromium-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function addProgram(name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, '');
  await chmod(path, 0o755);
  return path;
}

test('is found in PATH, Chromium before Chrome, as soon as it is installed', async () => {
  const path = ['/nonexistent', '', folder].join(delimiter);
  expect(() => findChromium(null, path)).toThrow('sudo apt-get install --yes chromium');
  const chrome = await addProgram('google-chrome');
  expect(findChromium(null, path)).toBe(chrome);
  const chromium = await addProgram('chromium');
  expect(findChromium(null, path)).toBe(chromium);
});

test('CHROMIUM_PATH has to be a program', async () => {
  const other = await addProgram('other');
  expect(findChromium(other, '')).toBe(other);
  await chmod(other, 0o644);
  for (const path of [join(folder, 'missing'), folder])
    expect(() => findChromium(path, '')).toThrow('CHROMIUM_PATH is not a program');
});
