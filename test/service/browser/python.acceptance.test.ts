import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { startPyodideCdn } from './pyodide-cdn.ts';
import { isMissing, startService } from './support.ts';
import { makeWheel } from './wheel.ts';

const WAIT_MS = 60_000;
const SOURCE = `
import sys
from pathlib import Path
from js import globalThis
print("python", sys.version_info.major, Path("data/a.txt").read_text())
globalThis.answer = sum(range(10))
`;

/**
 * In place of micropip, which is not in the npm package of Pyodide: with the same function, for packages of the lock file.
 * https://micropip.pyodide.org/en/stable/project/api.html
 */
const MICROPIP = `
import pyodide_js
from pyodide.ffi import to_js
async def install(requirements):
    for name in requirements:
        if name not in pyodide_js.lockfile.packages.to_py():
            raise ValueError(f"Can't find a pure Python 3 wheel for '{name}'")
    await pyodide_js.loadPackage(to_js(requirements))
`;

describe.skipIf(isMissing)('a web-python app', () => {
  test('fills its cache at its first start, and then starts without the server', {
    timeout: 180_000,
  }, async () => {
    const cdn = await startPyodideCdn();
    const client = await startService([cdn], { PYODIDE_URL: cdn.url });
    await using _app = client.app;
    const path = await client.install(
      { type: 'web-python', name: 'calculator' },
      { source: SOURCE, files: [{ path: 'data/a.txt', content: 'a file' }] },
    );
    const figures = async () => (await client.call('GET', `${path}/cache`)).body;

    const first = await client.start(path);
    expect(await client.execute(first, 'answer')).toBe(45);
    expect((await client.call('GET', `${first}/logs`)).text).toContain('[log] python 3 a file');
    const names = [...new Set(cdn.requests.map(({ url }) => url))];
    const filled = await waitUntil(
      'all is stored',
      async () => {
        const current = await figures();
        return current.entry_count === names.length && current.misses >= names.length && current;
      },
      WAIT_MS,
    );
    expect(filled).toMatchObject({
      starts: { cold: { count: 1 }, warm: { count: 0 } },
    });
    expect(filled.bytes_from_upstream).toBeGreaterThan(13_000_000);
    await client.call('DELETE', first);

    await cdn[Symbol.asyncDispose]();
    const second = await client.start(path, { mode: 'offline' });
    expect(await client.execute(second, 'answer')).toBe(45);
    await waitUntil(
      'all hits are counted',
      async () => (await client.call('GET', `${second}/traffic`)).body.hits >= names.length,
      WAIT_MS,
    );
    expect((await client.call('GET', `${second}/traffic`)).body).toMatchObject({
      misses: 0,
      bytes_from_upstream: 0,
    });
    await client.call('DELETE', second);
    const after = await figures();
    expect(after.hits).toBeGreaterThanOrEqual(names.length);
    expect(after.bytes_from_upstream).toBe(filled.bytes_from_upstream);
    const { host } = new URL(cdn.url);
    const sentLater = after.by_host[host].bytes_to_browser - filled.by_host[host].bytes_to_browser;
    expect(after.bytes_saved).toBe(sentLater);
  });

  test('installs its requirements, which then come from the cache; one that cannot be installed is named', {
    timeout: 180_000,
  }, async () => {
    const wheels = [makeWheel('micropip', MICROPIP), makeWheel('tiny', 'VALUE = 42\n')];
    const cdn = await startPyodideCdn(wheels);
    const client = await startService([cdn], { PYODIDE_URL: cdn.url });
    await using _app = client.app;
    const source = 'import tiny\nfrom js import globalThis\nglobalThis.answer = tiny.VALUE';
    const path = await client.install(
      { type: 'web-python', name: 'installs', requirements: ['tiny'] },
      { source },
    );
    const first = await client.start(path);
    expect(await client.execute(first, 'answer')).toBe(42);
    for (const { fileName } of wheels)
      expect(cdn.requests.filter(({ url }) => url === `/${fileName}`)).toHaveLength(1);
    await client.call('DELETE', first);

    const missing = await client.install(
      { type: 'web-python', name: 'missing', requirements: ['tiny', 'none'] },
      { source },
    );
    const failed = await client.call('POST', `${missing}/sessions`);
    expect([failed.status, failed.body.code]).toEqual([503, 'app_start_failed']);
    const reason = "The app could not be started: ValueError: Can't find a pure Python 3 wheel for 'none'";
    expect(failed.body.detail).toBe(reason);
    const session = (await client.call('GET', '/browser/sessions')).body.at(-1);
    expect(session).toMatchObject({ status: 'failed', reason });
    expect((await client.call('GET', `/browser/sessions/${session.id}/logs`)).text).toContain('Traceback');

    await cdn[Symbol.asyncDispose]();
    const second = await client.start(path, { mode: 'offline' });
    expect(await client.execute(second, 'answer')).toBe(42);
    expect((await client.call('GET', `${second}/traffic`)).body.bytes_from_upstream).toBe(0);
  });
});
