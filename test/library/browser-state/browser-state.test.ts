import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BrowserState, type BrowserStateOptions } from '../../../src/library/browser-state/index.ts';
import { readFiles, temporaryFolder, writeFiles } from './support.ts';

async function openState(options: Partial<BrowserStateOptions> = {}) {
  const state = new BrowserState({
    userId: 'user123',
    storageType: 'local',
    localOptions: { storagePath: join(await temporaryFolder(), 'nested', 'sessions') },
    workFolder: await temporaryFolder(),
    ...options,
  });
  onTestFinished(() => state.cleanup());
  return state;
}

describe('BrowserState', () => {
  test('mounts, saves, lists and deletes sessions', async () => {
    const state = await openState();
    expect(await state.listSessions()).toEqual([]);
    expect(state.getCurrentSession()).toBeUndefined();
    const folder = await state.mount('session123');
    expect(state.getCurrentSession()).toBe('session123');
    expect(state.getCurrentSessionPath()).toBe(folder);
    await writeFiles(folder, { Cookies: 'c' });
    expect(await state.hasSession('session123')).toBe(false);
    await state.unmount();
    expect(state.getCurrentSession()).toBeUndefined();
    expect(state.getCurrentSessionPath()).toBeUndefined();
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
    expect(await state.hasSession('session123')).toBe(true);
    expect(await state.listSessions()).toEqual(['session123']);
    expect(await readFiles(await state.mount('session123'))).toEqual({ Cookies: 'c' });
    await state.deleteSession('session123');
    expect(state.getCurrentSession()).toBeUndefined();
    expect(await state.hasSession('session123')).toBe(false);
    expect(await state.listSessions()).toEqual([]);
    await state.unmount();
  });

  test('does not save on cleanup or when another session is mounted', async () => {
    const state = await openState();
    await writeFiles(await state.mount('s1'), { file: 'unsaved' });
    await writeFiles(await state.mount('s2'), { file: 'unsaved' });
    await state.cleanup();
    expect(await state.listSessions()).toEqual([]);
    await using another = await openState();
    expect(await readFiles(await another.mount('s1'))).toEqual({});
  });

  test('keeps the session mounted if saving fails', async () => {
    const state = await openState();
    const folder = await state.mount('s1');
    await writeFiles(folder, { file: 'content' });
    const { symlink, rm } = await import('node:fs/promises');
    await symlink('another-host-1', join(folder, 'SingletonLock'));
    await expect(state.unmount()).rejects.toMatchObject({ code: 'PROFILE_IN_USE' });
    expect(state.getCurrentSession()).toBe('s1');
    await rm(join(folder, 'SingletonLock'));
    await state.unmount();
    expect(await state.hasSession('s1')).toBe(true);
  });

  test('refuses options that do not fit, with a message', async () => {
    const { localOptions: _, ...none } = { localOptions: undefined };
    for (const [storageType, message] of [
      ['s3', "storageType 's3' requires s3Options"],
      ['gcs', "storageType 'gcs' requires gcsOptions"],
      ['ftp', 'storageType must be local, s3, gcs or redis, not ftp'],
    ] as const) {
      const state = await openState({ ...none, storageType: storageType as 's3' });
      await expect(state.mount('s1')).rejects.toThrow(message);
    }
    const state = await openState({ userId: '../other' });
    await expect(state.mount('s1')).rejects.toThrow('the user ID must be');
  });
});
