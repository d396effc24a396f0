import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startFakeApp, type TestApp } from '../support/service/app.ts';
import type { FakeRuntime } from '../support/service/fake-runtime.ts';

const broken = () => {
  throw new Error('broken');
};

test.each<[string, (app: TestApp<FakeRuntime>) => void]>([
  ['HTTP server', ({ app }) => vi.spyOn(app.api, 'close').mockImplementation(broken)],
  ['registry', ({ runtime }) => vi.spyOn(runtime, 'watch').mockReturnValue(broken)],
  ['runtime', ({ runtime }) => vi.spyOn(runtime, 'close').mockRejectedValue(new Error('broken'))],
  ['cache', ({ app }) => vi.spyOn(app.cache, 'close').mockImplementation(broken)],
])('a failure of the %s keeps no other part from being stopped', async (name, breakPart) => {
  const app = await startFakeApp({ start: false });
  const { api } = app.app;
  breakPart(app);
  app.app.start();
  const failure = await app.app.close().catch((error) => error);
  expect(failure).toBeInstanceOf(AggregateError);
  expect(failure.errors.map(({ message }: Error) => message)).toEqual([`Could not stop: ${name}`]);
  expect(failure.errors[0].cause).toMatchObject({ message: 'broken' });
  if (name !== 'runtime') expect(app.runtime.closed).toBe(true);
  // The event log is closed last. SQLite removes its write-ahead log when it closes the file.
  await expect(access(join(app.config.dataDir, 'history.sqlite-wal'))).rejects.toThrow('ENOENT');
  vi.restoreAllMocks();
  await api.close();
  await rm(app.config.dataDir, { recursive: true });
});
