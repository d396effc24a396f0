import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Profiles, profileOwner } from '../../../src/service/browser/profiles.ts';

test('workspaces have owners of their own, whatever their names contain', () => {
  expect(profileOwner('team-1')).toBe('team-1');
  const names = ['a/b', 'a%2Fb', 'ä', '..', '.', '@a', profileOwner('a/b'), 'x'.repeat(129)];
  const owners = names.map(profileOwner);
  expect(new Set(owners).size).toBe(names.length);
  for (const owner of owners) expect(owner).toMatch(/^@[0-9a-f]{64}$/);
});

test('a data folder that cannot be used is an error with a code', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-profiles-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), '');
  const profiles = new Profiles(
    join(folder, 'file'),
    () => {},
    () => {},
  );
  await expect(profiles.list()).rejects.toMatchObject({
    code: 'profile_unavailable',
    message: expect.stringContaining('DATA_DIR'),
  });
  await profiles.close();
});
