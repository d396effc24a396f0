import { readdir, rm } from 'node:fs/promises';
import { describe, expect, inject, test } from 'vitest';
import { OPENAPI } from '../../support/http/openapi.ts';
import { startApp } from '../../support/service/app.ts';
import { AppClient, isMissing, useOwnTemporaryFolder } from './support.ts';

const APP = { type: 'window', name: 'shop', profile: 'alice', localStorage: { seeded: 'from-manifest' } };
/** Changes the state in three kinds of storage. */
const CHANGE = `
  localStorage.seeded = 'changed';
  document.cookie = 'login=yes; max-age=1000';
  document.cookie = 'of-session=yes';
  await new Promise((resolve, reject) => {
    const request = indexedDB.open('db');
    request.onupgradeneeded = () => request.result.createObjectStore('items').put('value', 'key');
    request.onsuccess = resolve;
    request.onerror = reject;
  });`;
const READ = `
  const names = (await indexedDB.databases()).map(({ name }) => name);
  [localStorage.seeded, document.cookie.split('; ').sort(), names]`;

describe.skipIf(isMissing)('sessions with a profile', { timeout: 180_000 }, () => {
  test('continue where the previous one ended; versions can be listed, copied, returned to and deleted', async () => {
    await using temporary = await useOwnTemporaryFolder();
    const settings = { CHROMIUM_PATH: (inject('chromium') as { path: string }).path };
    const first = await startApp({ settings });
    const { dataDir } = first.config;
    let client = new AppClient(first);
    try {
      const path = await client.install(APP, { source: '<p>' });
      let session = await client.start(path);
      expect((await client.call('GET', session)).body.profile).toBe('alice');
      expect(await client.execute(session, READ)).toEqual(['from-manifest', [''], []]);
      await client.execute(session, CHANGE);
      const locked = await client.call('POST', `${path}/sessions`);
      expect([locked.status, locked.body.code]).toEqual([409, 'profile_in_use']);
      expect((await client.call('DELETE', session)).body.status).toBe('stopped');
      // The service ends it in the same way.
      session = await client.start(path);
      const changed = ['changed', ['login=yes', 'of-session=yes'], ['db']];
      expect(await client.execute(session, READ)).toEqual(changed);
      await client.execute(session, 'localStorage.seeded = "by the stop"');
      await first.app.close();

      const second = await startApp({ settings: { ...settings, DATA_DIR: dataDir } });
      client = new AppClient(second);
      try {
        expect((await client.call('GET', '/profiles')).body).toMatchObject([
          { user: 'w', session: 'alice', version: 2, version_count: 2 },
        ]);
        const { versions } = (await client.call('GET', '/profiles/w/alice')).body;
        expect(versions.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
        const copy = await client.call('POST', '/profiles/w/alice/fork', { session: 'copy', version: 1 });
        expect(copy.body).toMatchObject({ session: 'copy', versions: [{ version: 1, reason: 'fork' }] });
        session = await client.start(path, { profile: 'copy' });
        expect(await client.execute(session, READ)).toEqual(changed);
        await client.call('DELETE', session);
        expect((await client.call('POST', '/profiles/w/alice/rollback', { version: 1 })).body).toEqual({
          version: 3,
        });
        expect((await client.call('POST', '/profiles/w/alice/fork', { session: 'copy' })).body.code).toBe(
          'profile_exists',
        );
        expect((await client.call('POST', '/profiles/w/alice/rollback', { version: 9 })).status).toBe(404);
        expect((await client.call('DELETE', '/profiles/w/alice')).body).toEqual({ deleted: 'alice' });
        for (const [method, url] of [
          ['GET', ''],
          ['DELETE', ''],
        ] as const)
          expect((await client.call(method, `/profiles/w/alice${url}`)).body.code).toBe('profile_not_found');
        const documented = Object.entries(OPENAPI.paths)
          .filter(([name]) => name.startsWith('/profiles'))
          .flatMap(([name, operations]) =>
            Object.keys(operations).map((method) => `${method.toUpperCase()} ${name}`),
          );
        expect([...client.used]).toEqual(expect.arrayContaining(documented));
        for (const name of documented) {
          const [method, url] = name.split(' ') as ['GET', string];
          expect((await second.request(method, url.replaceAll(/\{\w+\}/g, 'x'), {})).status).toBe(401);
        }
      } finally {
        await second.app.close();
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
      const left = await readdir(temporary.path);
      expect(left.filter((name) => name.startsWith('roundhouse-profiles-'))).toEqual([]);
    }
  });
});
