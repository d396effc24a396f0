import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { assertDocumented } from '../../support/http/openapi.ts';
import { startApp, type TestApp, WITH_KEY } from '../../support/service/app.ts';

export { type Origin, startOrigin } from './origin.ts';

/** Whether Chromium is missing. */
export const isMissing = 'missing' in inject('chromium');

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Requests to a service with browser apps. Each reply in JSON is checked against the OpenAPI document. */
export class AppClient {
  readonly app: TestApp;
  /** Operations that were used, such as `GET /apps`. */
  readonly used = new Set<string>();

  constructor(app: TestApp) {
    this.app = app;
  }

  /** Sends a request with the key. */
  async call(method: Method, url: string, body?: object) {
    const path = documentedPath(url);
    const reply = await this.app.request(method, url, { headers: WITH_KEY, ...(body && { body }) });
    this.used.add(`${method} ${path}`);
    if (String(reply.headers['content-type']).includes('json')) assertDocumented(method, path, reply);
    return reply;
  }

  /** Installs an app in the workspace `w`, and returns its path. */
  async install(manifest: object, more: object = {}): Promise<string> {
    const reply = await this.call('POST', '/apps', { workspace: 'w', manifest, ...more });
    if (reply.status !== 201) throw new Error(reply.text);
    const { workspace, app_id: id } = reply.body;
    return `/apps/${encodeURIComponent(workspace)}/${encodeURIComponent(id)}`;
  }

  /** Starts an app, and returns the path of its session. */
  async start(path: string, body?: object): Promise<string> {
    const reply = await this.call('POST', `${path}/sessions`, body);
    if (reply.status > 201) throw new Error(reply.text);
    return `/browser/sessions/${reply.body.id}`;
  }

  /** Executes a script in the page of a session. */
  async execute(session: string, script: string): Promise<unknown> {
    const reply = await this.call('POST', `${session}/execute`, { script });
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.body.result;
  }
}

/** The path as in the OpenAPI document: `/apps/w/a/cache?match=x` is `/apps/{workspace}/{app}/cache`. */
function documentedPath(url: string): string {
  return url
    .replace(/\?.*$/, '')
    .replace(/^\/apps\/[^/]+\/[^/]+/, '/apps/{workspace}/{app}')
    .replace(/^\/profiles\/[^/]+\/[^/]+/, '/profiles/{user}/{session}')
    .replace(/^\/browser\/sessions\/[^/]+/, '/browser/sessions/{id}');
}

/** Starts a service whose apps may connect to the given origins. */
export async function startService(
  origins: readonly { url: string }[],
  settings: Record<string, string> = {},
): Promise<AppClient> {
  const app = await startApp({
    settings: {
      CHROMIUM_PATH: (inject('chromium') as { path: string }).path,
      ...(origins.length > 0 && { BROWSER_ALLOW_HOSTS: origins.map(({ url }) => new URL(url).host).join() }),
      ...settings,
    },
  });
  return new AppClient(app);
}

/**
 * Makes a new folder the one for temporary files of this process, so that a test finds only what it has left there itself.
 * @returns the folder, which is removed at the end
 */
export async function useOwnTemporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const former = process.env.TMPDIR;
  const path = await mkdtemp(join(tmpdir(), 'own-'));
  // Chromium may run under another user.
  await chmod(path, 0o1777);
  process.env.TMPDIR = path;
  return {
    path,
    async [Symbol.asyncDispose]() {
      if (former === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = former;
      await rm(path, { recursive: true, force: true });
    },
  };
}
