import { afterEach, beforeAll, expect, it } from 'vitest';
import { confinement, readBrowserService } from '../../support/docker/compose.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker } from '../../support/docker/docker-programs.ts';
import { browserImage } from '../../support/docker/roundhouse-image.ts';
import { waitUntil } from '../../support/wait-until.ts';

const KEY = 'the-key-of-the-tests';
const WAIT_MS = 60_000;
const SERVICE = readBrowserService();

/** The properties that the tests read. */
interface Body {
  id: string;
  status: string;
  code: string;
  detail: string;
  versions: unknown[];
}

describeWithDocker('the image with Chromium', ({ socket }) => {
  let image = '';
  let id = '';
  let origin = '';

  beforeAll(async () => {
    image = await browserImage(socket);
  }, 900_000);

  afterEach(async () => {
    if (id) await docker(socket, 'rm', '--force', '--volumes', id);
    id = '';
  });

  const run = async (options: readonly string[]) => {
    const environment = ['--env', `API_KEY=${KEY}`, '--env', 'MIN_REPLICAS=0'];
    id = await docker(socket, 'run', '-d', ...options, ...environment, '-p', '127.0.0.1::8000', image);
    origin = `http://${await docker(socket, 'port', id, '8000')}`;
    const isReady = async () => (await fetch(`${origin}/livez`).catch(() => null))?.status === 200;
    await waitUntil('it listens', isReady, WAIT_MS);
  };
  const call = async (method: string, path: string, body?: object) => {
    const headers = { 'x-api-key': KEY, ...(body && { 'content-type': 'application/json' }) };
    const reply = await fetch(origin + path, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: reply.status, body: (await reply.json()) as Body };
  };
  const install = () =>
    call('POST', '/apps', {
      workspace: 'w',
      app_id: 'a',
      manifest: { type: 'window', name: 'a', profile: 'p' },
      source: '<title>in a container</title>',
    });
  /** The command line and status of each process in the container. */
  const processes = async () => {
    const script = 'for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline; echo; cat $p/status; echo ---; done';
    return (await docker(socket, 'exec', id, 'sh', '-c', script)).split('---').map((text) => text.trim());
  };

  it('starts apps under an unprivileged user with the sandbox of Chromium, as docker-compose.browser.yml configures it', async () => {
    expect(SERVICE.build).toEqual({ target: 'browser' });
    await run(confinement(SERVICE));
    expect((await install()).status).toBe(201);
    for (let start = 0; start < 2; start += 1) {
      const started = await call('POST', '/apps/w/a/sessions');
      expect([started.status, started.body.detail]).toEqual([201, undefined]);
      const session = `/browser/sessions/${started.body.id}`;
      expect((await call('POST', `${session}/execute`, { script: 'document.title' })).body).toEqual({
        result: 'in a container',
      });
      const renderers = (await processes()).filter((text) => text.includes('--type=renderer'));
      expect(renderers).not.toEqual([]);
      for (const text of renderers) {
        // Its own filter of system calls, and a process namespace of its own.
        expect(text).toMatch(/^Seccomp:\t2$/m);
        expect(text).toMatch(/^NSpid:\t\d+\t\d+/m);
        expect(text).toMatch(/^Uid:\t10001\t/m);
        expect(text).not.toContain('--no-sandbox');
      }
      expect((await call('DELETE', session)).body.status).toBe('stopped');
    }
    const isGone = async () => !/chrom/i.test((await processes()).join());
    await waitUntil('Chromium has ended, without zombies', isGone, WAIT_MS);
    expect((await call('GET', '/profiles/w/p')).body.versions).toHaveLength(2);
    // Without the caches of fonts in its home.
    expect(await docker(socket, 'exec', id, 'ls', '/tmp')).toBe('');
  });

  it("explains that the sandbox does not work with Docker's default profile, and serves everything else", async () => {
    await run(confinement({ ...SERVICE, security_opt: ['no-new-privileges:true'] }));
    expect((await install()).status).toBe(201);
    const refused = await call('POST', '/apps/w/a/sessions');
    expect([refused.status, refused.body.code]).toEqual([503, 'browser_unavailable']);
    expect(refused.body.detail).toContain('its sandbox does not work on this machine');
    expect((await call('GET', '/engines')).status).toBe(200);
  });
});
