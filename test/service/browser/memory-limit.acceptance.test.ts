import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { isMissing, startService } from './support.ts';

const WAIT_MS = 60_000;
const MIB = 1024 * 1024;

describe.skipIf(isMissing)('a session', () => {
  test('that exceeds its memory limit fails, and is started again where its manifest asks for it', async () => {
    const client = await startService([]);
    await using _app = client.app;
    const path = await client.install(
      { type: 'window', name: 'greedy', memory_limit_mib: 384, max_restarts: 1 },
      { source: '<h1>greedy</h1>' },
    );
    const modest = await client.install({ type: 'window', name: 'modest' }, { source: '<p>' });
    const other = await client.start(modest);
    const session = await client.start(path);
    await waitUntil(
      'its memory is measured',
      async () => (await client.call('GET', session)).body.memory_bytes > 16 * MIB,
      WAIT_MS,
    );
    await client.execute(
      session,
      `const kept = []; void setInterval(() => kept.push(new Uint8Array(${8 * MIB}).fill(1)), 10)`,
    );
    const failed = await waitUntil(
      'it has failed',
      async () => {
        const { body } = await client.call('GET', session);
        return body.status === 'failed' && body;
      },
      WAIT_MS,
    );
    expect(failed.code).toBe('memory_limit_exceeded');
    expect(failed.reason).toMatch(/^Chromium used \d+ MiB, more than memory_limit_mib \(384\)$/);
    expect(failed.memory_bytes).toBeGreaterThan(384 * MIB);
    expect((await client.call('GET', `${session}/screenshot`)).headers['content-type']).toBe('image/jpeg');
    const next = await waitUntil(
      'it is started again',
      async () => {
        const { body } = await client.call('GET', '/browser/sessions');
        return body.find(({ restart_of: id, status }: { restart_of: string; status: string }) => {
          return id === failed.id && status === 'running';
        });
      },
      WAIT_MS,
    );
    expect(next.app_id).toBe('greedy');
    // Sessions without a limit have another Chromium.
    expect(await client.execute(other, '1 + 1')).toBe(2);
  });
});
