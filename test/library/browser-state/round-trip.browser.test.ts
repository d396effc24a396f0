import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BrowserContext, chromium } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { openBrowser, withBrowser } from '../../../src/library/browser-state/index.ts';
import { CHROMIUM_FLAGS } from '../../support/browser/chromium.ts';
import { FULL_STATE, startSite } from './site.ts';
import { browserProcess, openLocalHosts, temporaryFolder } from './support.ts';

const provided = inject('chromium');
const options = {
  launch: 'path' in provided ? { executablePath: provided.path, args: CHROMIUM_FLAGS, timeout: 60_000 } : {},
};

/** Opens a page of the site and runs an expression in it. */
async function evaluate(context: BrowserContext, url: string, expression: string): Promise<unknown> {
  const page = await context.newPage();
  await page.goto(url);
  return await page.evaluate(expression);
}

describe.skipIf('missing' in provided)('Chromium', () => {
  test('is still logged in on another host, with all it had stored', async () => {
    const { a, b } = await openLocalHosts();
    await using site = await startSite();
    {
      await using mount = await a.mount('user', 's1');
      await withBrowser(chromium, mount, options, async (context) => {
        await evaluate(context, `${site.url}/login`, 'fill()');
        expect(await evaluate(context, site.url, 'state()')).toEqual(FULL_STATE);
      });
      expect(mount.version).toBe(1);
    }
    await using mount = await b.mount('user', 's1');
    await withBrowser(chromium, mount, options, async (context) => {
      expect(await evaluate(context, site.url, 'state()')).toEqual(FULL_STATE);
    });
    const [newest] = await b.versions('user', 's1');
    expect(newest).toMatchObject({ version: 2, reason: 'commit' });
  });

  test('that is killed commits nothing; the next browser has the last version and the newest checkpoint', async () => {
    const { a, b } = await openLocalHosts();
    await using site = await startSite();
    {
      await using mount = await a.mount('user', 's1');
      await withBrowser(chromium, mount, options, async (context) => {
        await evaluate(context, `${site.url}/login`, "localStorage.setItem('saved', 'by the commit')");
        await evaluate(
          context,
          site.url.replace('localhost', '127.0.0.1'),
          "localStorage.setItem('other', 'origin')",
        );
      });
      const browser = await openBrowser(chromium, mount, { ...options, checkpointIntervalS: 0.2 });
      await evaluate(
        browser.context,
        site.url,
        "localStorage.setItem('unsaved', 'in the checkpoint'); addRow(1)",
      );
      // A profile that a browser uses is not committed.
      await expect(mount.commit()).rejects.toThrow('uses the profile');
      const saved = Promise.withResolvers<void>();
      const { saveCheckpoint } = mount;
      mount.saveCheckpoint = async (state) => {
        await saveCheckpoint.call(mount, state);
        if (JSON.stringify(state).includes('unsaved')) saved.resolve();
      };
      await saved.promise;
      process.kill(await browserProcess(mount.dir), 'SIGKILL');
      await expect(browser.close()).rejects.toMatchObject({ code: 'PROFILE_IN_USE' });
      await expect(mount.commit()).rejects.toMatchObject({ code: 'PROFILE_IN_USE' });
    }
    await using mount = await b.mount('user', 's1');
    expect(mount.version).toBe(1);
    await withBrowser(chromium, mount, options, async (context, restored) => {
      expect(restored.checkpoint?.savedAt).toBe(mount.checkpoint?.savedAt);
      expect(await evaluate(context, site.url, 'Object.keys(localStorage).sort().join()')).toBe(
        'saved,unsaved',
      );
      expect(await evaluate(context, site.url, 'state()')).toMatchObject({
        user: 'alice, with a session',
        rows: 1,
      });
      // An origin that the crashed browser had not visited is as the version has it.
      const other = site.url.replace('localhost', '127.0.0.1');
      expect(await evaluate(context, other, "localStorage.getItem('other')")).toBe('origin');
    });
    const [newest] = await b.versions('user', 's1');
    expect(newest).toMatchObject({ version: 2, restoredCheckpoint: mount.checkpoint?.savedAt });
  });

  test('is closed and committed at SIGTERM', async () => {
    const { folder, b } = await openLocalHosts();
    await using site = await startSite();
    const program = fileURLToPath(new URL('browser-child.ts', import.meta.url));
    const child = fork(program, [], {
      env: {
        ...process.env,
        STORE: folder,
        WORK: await temporaryFolder(),
        SITE: site.url,
        CHROMIUM: 'path' in provided ? provided.path : '',
      },
      execArgv: [],
    });
    const exited = once(child, 'exit');
    await once(child, 'message');
    child.kill('SIGTERM');
    expect(await exited).toEqual([null, 'SIGTERM']);
    await using mount = await b.mount('user', 's1');
    expect(mount.version).toBe(1);
    await withBrowser(chromium, mount, options, async (context) => {
      expect(await evaluate(context, `${site.url}/whoami`, 'document.body.textContent')).toBe(
        'alice, with a session',
      );
    });
  });

  test('examples/playwright/browser-state.ts: the second host continues where the first has ended', async () => {
    await using site = await startSite();
    const command = ['--conditions=roundhouse:source', 'examples/playwright/browser-state.ts', site.url];
    const { stdout } = await promisify(execFile)(process.execPath, command, {
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      env: { ...process.env, CHROMIUM_PATH: 'path' in provided ? provided.path : '' },
    });
    expect(stdout).toBe(
      'first host: visit 1, saved as version 1\nsecond host: visit 2, saved as version 2\n',
    );
  });
});
