import { expect, test } from 'vitest';
import { profileOwner } from '../../../src/service/browser/profiles.ts';

test('workspaces have owners of their own, whatever their names contain', () => {
  expect(profileOwner('team-1')).toBe('team-1');
  const names = ['a/b', 'a%2Fb', 'ä', '..', '.', '@a', profileOwner('a/b'), 'x'.repeat(129)];
  const owners = names.map(profileOwner);
  expect(new Set(owners).size).toBe(names.length);
  for (const owner of owners) expect(owner).toMatch(/^@[0-9a-f]{64}$/);
});
