import { expect, test } from 'vitest';
import { openPreferences } from '../../src/panel/lib/preferences.ts';
import { MemoryStorage } from './fixtures.ts';

test('uses stored values, and the default for an invalid one', () => {
  const storage = new MemoryStorage();
  storage.setItem('roundhouse-interval', '7');
  storage.setItem('roundhouse-theme', 'dark');
  const { intervalS, theme, windowS } = openPreferences(storage);
  expect([intervalS.value, theme.value, windowS.value]).toEqual([5, 'dark', 900]);
});

test('stores changes', () => {
  const storage = new MemoryStorage();
  openPreferences(storage).intervalS.value = 30;
  expect(openPreferences(storage).intervalS.value).toBe(30);
});
