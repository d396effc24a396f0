import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { freePorts } from '../../support/http/free-ports.ts';
import { run } from '../../support/run.ts';
import { KEY, startApp, type TestApp } from '../../support/service/app.ts';
import { findOrInstall } from '../../support/system-packages.ts';
import { waitUntil } from '../../support/wait-until.ts';

const DOCS = fileURLToPath(new URL('../../../docs/access.md', import.meta.url));
const SOON_MS = 15_000;
const PANEL = { 'X-Roundhouse-Panel': '1', 'Content-Type': 'application/json' };

const programs = await findOrInstall({ nginx: 'nginx-light', openssl: 'openssl' });

/** Returns the nginx configuration below a comment of docs/access.md. */
async function recipe(name: string): Promise<string> {
  const page = await readFile(DOCS, 'utf8');
  const [, code] = new RegExp(`<!-- ${name} -->\\n\`\`\`nginx\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  if (code === undefined) throw new Error(`docs/access.md has no recipe ${name}`);
  return code;
}

/** nginx in front of an application, over TLS. */
class Nginx implements AsyncDisposable {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #port: number;

  private constructor(folder: string, process: ChildProcess, port: number) {
    this.#folder = folder;
    this.#process = process;
    this.#port = port;
  }

  static async start(app: TestApp, name: string, nginx: string): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-nginx-'));
    const port = (await freePorts(1))[0]!;
    await mkdir(join(folder, 'logs'));
    const subject = ['-subj', '/CN=roundhouse.example.com', '-days', '2'];
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files]);
    const digest = createHash('sha1').update('secret').digest('base64');
    await writeFile(join(folder, 'htpasswd'), `ann:{SHA}${digest}\n`);
    const code = await recipe(name);
    const server = code.includes('server {')
      ? code
      : (await recipe('nginx')).replace(/location[\s\S]*?\n {2}\}\n/, () => code);
    const config = server
      .replace('listen 443', `listen 127.0.0.1:${port}`)
      .replace('/etc/ssl/roundhouse.pem', join(folder, 'cert.pem'))
      .replace('/etc/ssl/roundhouse.key', join(folder, 'key.pem'))
      .replace('/etc/nginx/roundhouse.htpasswd', join(folder, 'htpasswd'))
      .replace('your-api-key', KEY)
      .replace('http://127.0.0.1:8000', app.url);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const temporary = paths.map((path) => `${path}_temp_path ${folder}/${path};`).join('\n');
    await writeFile(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
       events {} http { access_log off; ${temporary}\n${config}}`,
    );
    const process = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' });
    const proxy = new Nginx(folder, process, port);
    await waitUntil('nginx responds', async () => (await proxy.send('/nothing')).status > 0, SOON_MS);
    return proxy;
  }

  /** Sends a request over TLS. The body of a response that does not end is read by the caller. */
  async open(path: string, { method = 'GET', headers = {}, body = '' } = {}) {
    const sent = request({
      host: '127.0.0.1',
      port: this.#port,
      path,
      method,
      headers: { Host: 'roundhouse.example.com', ...headers },
      rejectUnauthorized: false,
      agent: false,
    });
    sent.end(body);
    const [response] = await once(sent, 'response');
    return response as import('node:http').IncomingMessage;
  }

  async send(path: string, options: Parameters<Nginx['open']>[1] = {}) {
    const response = await this.open(path, options);
    return { status: response.statusCode!, headers: response.headers, body: await text(response) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

describe.skipIf('missing' in programs)('behind nginx', () => {
  const { nginx } = 'paths' in programs ? programs.paths : { nginx: '' };
  const start = (settings: Record<string, string> = {}) =>
    startApp({ settings: { ALLOWED_HOSTS: 'roundhouse.example.com', AUTH_READS: 'true', ...settings } });

  /** Logs in, reads and writes with the cookie, and waits for a live notice. */
  async function use(app: TestApp, proxy: Nginx, base = '') {
    expect((await proxy.send(`${base}/panel/`)).status).toBe(200);
    expect((await proxy.send(`${base}/orchestrator/status`)).status).toBe(401);
    const body = JSON.stringify({ key: KEY, remember: true });
    const login = await proxy.send(`${base}/session`, { method: 'POST', headers: PANEL, body });
    const setCookie = String(login.headers['set-cookie']);
    expect(setCookie).toMatch(
      new RegExp(`; Path=${base}/; HttpOnly; SameSite=Strict; Max-Age=\\d+; Secure$`),
    );
    const headers = { ...PANEL, Cookie: setCookie.split(';')[0]! };
    expect((await proxy.send(`${base}/orchestrator/status`, { headers })).status).toBe(200);
    const live = await proxy.open(`${base}/events/live`, { headers });
    let received = '';
    live.setEncoding('utf8').on('data', (chunk) => {
      received += chunk;
    });
    await waitUntil('the snapshot', () => received.includes('event: snapshot'), SOON_MS);
    // Buffered by a proxy, a notice of 200 bytes would arrive with the next kilobytes.
    const { body: engine } = await app.post('/provision/acestream', {});
    await waitUntil('the notice', () => received.includes(engine.container_id), SOON_MS);
    live.destroy();
    const clear = { method: 'POST', headers, body: '{}' };
    expect((await proxy.send(`${base}/cache/clear`, clear)).status).toBe(200);
    const docs = await proxy.send(`${base}/docs/`, { headers });
    const [, script = ''] = /src="([^"]+bundle\.js)"/.exec(docs.body) ?? [];
    const { pathname } = new URL(script, `https://x${base}/docs/`);
    expect((await proxy.send(pathname, { headers })).status).toBe(200);
  }

  test('the panel, the login and the live channel work', async () => {
    await using app = await start();
    await using proxy = await Nginx.start(app, 'nginx', nginx);
    await use(app, proxy);
  });

  test('they work below a path', async () => {
    await using app = await start({ BASE_PATH: '/roundhouse' });
    await using proxy = await Nginx.start(app, 'nginx below a path', nginx);
    await use(app, proxy, '/roundhouse');
    const index = await proxy.send('/roundhouse/', { headers: { Accept: 'text/html' } });
    expect(index.headers.location).toBe('/roundhouse/panel/');
  });

  test('users whom nginx has authenticated need no key', async () => {
    await using app = await start();
    await using proxy = await Nginx.start(app, 'nginx with basic authentication', nginx);
    expect((await proxy.send('/orchestrator/status')).status).toBe(401);
    const headers = { Authorization: `Basic ${btoa('ann:secret')}`, 'Content-Type': 'application/json' };
    expect((await proxy.send('/orchestrator/status', { headers })).status).toBe(200);
    const clear = { method: 'POST', headers, body: '{}' };
    expect((await proxy.send('/cache/clear', clear)).status).toBe(200);
  });
});
