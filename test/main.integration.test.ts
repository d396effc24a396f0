import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { freePortRange } from './support/http/port-range.ts';
import { waitUntil } from './support/wait-until.ts';

// Real processes are slow on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const START_MS = 30_000;

let dataDir: string;
let range: { first: number; last: number };
let services: Service[];
beforeEach(async () => {
  range = await freePortRange();
  dataDir = await mkdtemp(join(tmpdir(), 'roundhouse-main-'));
  services = [];
});
afterEach(async () => {
  for (const { child, hasEnded } of services) {
    if (hasEnded) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(dataDir, { recursive: true });
});

/** The service as an operator starts it, without the environment of the tests. */
class Service {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(settings: Record<string, string>) {
    const env = {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ENGINE_RUNTIME: 'process',
      PORT: '0',
      DATA_DIR: dataDir,
      PORT_RANGE_HOST: `${range.first}-${range.last}`,
    };
    // In its own folder, because it reads the .env file of its working directory.
    this.child = spawn(process.execPath, [MAIN], { cwd: dataDir, env: { ...env, ...settings } });
    this.child.stdout!.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.exited = once(this.child, 'close').then(([code]) => code);
    services.push(this);
  }

  /** The messages logged so far. */
  get lines(): string[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line).msg);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits for a message and returns what the pattern captures. */
  async line(pattern: RegExp): Promise<string> {
    const find = () => this.lines.map((line) => pattern.exec(line)).find((match) => match !== null);
    const match = await waitUntil(`a message like ${pattern}`, () => find() ?? this.hasEnded, START_MS);
    if (match === true) throw new Error(`the service has exited: ${this.stderr}`);
    return match[1] ?? match[0];
  }

  /** Waits until it listens. @returns its base URL */
  serving(): Promise<string> {
    return this.line(/listening on (http:\S+)/);
  }
}

async function get(url: string) {
  const reply = await fetch(url);
  return { status: reply.status, body: JSON.parse(await reply.text()) };
}

async function clearCache(origin: string, key: string): Promise<number> {
  return (await fetch(`${origin}/cache/clear`, { method: 'POST', headers: { 'x-api-key': key } })).status;
}

test('a first start logs its addresses and key, starts engines, and stops them on SIGTERM', async () => {
  const service = new Service({ MIN_REPLICAS: '2' });
  const origin = await service.serving();
  const key = await service.line(/^API key: (\S+) \(generated/);
  const keyFile = join(dataDir, 'api-key');
  expect(service.lines.slice(0, 5)).toEqual([
    `Roundhouse ${manifest.version} listening on ${origin}`,
    `Panel: ${origin}/panel`,
    `API documentation: ${origin}/docs`,
    'Engines: local processes of the bundled emulated engine (ENGINE_RUNTIME=process)',
    `API key: ${key} (generated, stored in ${keyFile})`,
  ]);
  expect(new URL(origin).hostname).toBe('127.0.0.1');
  expect(await readFile(keyFile, 'utf8')).toBe(`${key}\n`);
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  expect(await clearCache(origin, key)).toBe(200);
  const engines = await waitUntil(
    'two healthy engines',
    async () => {
      const { body } = await get(`${origin}/engines`);
      const isHealthy = (engine: { health_status: string }) => engine.health_status === 'healthy';
      return body.filter(isHealthy).length === 2 && body;
    },
    START_MS,
  );
  const stoppedAt = performance.now();
  service.child.kill('SIGTERM');
  expect(await service.exited).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(5000);
  for (const { port } of engines) await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  expect(service.stderr).toBe('');
});

test('settings that the environment lacks are read from .env in the working directory', async () => {
  await writeFile(join(dataDir, '.env'), 'API_KEY=the-key-of-the-file\nPORT=1\n');
  const origin = await new Service({ MIN_REPLICAS: '0' }).serving();
  expect(await clearCache(origin, 'the-key-of-the-file')).toBe(200);
});

test('a second service with the same data folder is refused, and one with a short API key is warned', async () => {
  const first = new Service({ MIN_REPLICAS: '0', API_KEY: 'short' });
  await first.line(/^API_KEY has fewer than 8 characters/);
  const origin = await first.serving();
  expect(await clearCache(origin, 'short')).toBe(200);
  const second = new Service({ MIN_REPLICAS: '0' });
  expect(await second.exited).toBe(1);
  expect(second.stderr).toMatch(/DATA_DIR=.* is used by another Roundhouse that is running/);
  expect(second.stderr).not.toContain('    at ');
  expect((await get(`${origin}/health`)).status).toBe(200);
});

test('a later start uses the same key, and a kept-alive connection does not delay the stop', async () => {
  const keyFile = join(dataDir, 'api-key');
  await writeFile(keyFile, 'the-key-of-before\n', { mode: 0o600 });
  const socket = join(dataDir, 'no-docker.sock');
  const service = new Service({ ENGINE_RUNTIME: 'auto', DOCKER_HOST: `unix://${socket}`, MIN_REPLICAS: '0' });
  const origin = await service.serving();
  expect(await service.line(/^API key: (.*)/)).toBe(`stored in ${keyFile}`);
  expect(await service.line(/^Engines: (.*)/)).toBe(
    `local processes of the bundled emulated engine (no Docker daemon responds at unix://${socket})`,
  );
  expect(await service.line(/No Docker daemon responds/)).toBe('No Docker daemon responds');
  expect((await get(`${origin}/health`)).body.runtime).toEqual({
    name: 'process',
    available: true,
    unavailable_since: null,
    unavailable_reason: null,
    managers: null,
    fallback: { emulated: true, docker_responds: false, message: expect.stringContaining(socket) },
  });
  expect(await clearCache(origin, 'the-key-of-before')).toBe(200);
  expect(service.stdout).not.toContain('the-key-of-before');
  const stoppedAt = performance.now();
  service.child.kill('SIGINT');
  expect(await service.exited).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(4000);
});

/** What a connection sends first, and what it sends after the reply to that. */
const UNFINISHED = [
  ['', ''],
  ['GET / HTTP/1.1\r\n', ''],
  ['POST /provision/acestream HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{', ''],
  ['POST /cache/clear HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n', ''],
  ['GET /livez HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /livez HT'],
  ['GET /livez HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /events/live HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3)],
] as const;

test('connections with unfinished requests do not delay the stop', async () => {
  const service = new Service({ MIN_REPLICAS: '1' });
  const origin = await service.serving();
  await waitUntil('an engine', async () => (await get(`${origin}/engines`)).body.length === 1, START_MS);
  const sockets = UNFINISHED.map(() =>
    connect(Number(new URL(origin).port), '127.0.0.1').on('error', () => {}),
  );
  try {
    await Promise.all(
      UNFINISHED.map(async ([first, second], index) => {
        const socket = sockets[index]!;
        await once(socket, 'connect');
        socket.write(first);
        if (second === '') return;
        await once(socket, 'data');
        socket.write(second);
      }),
    );
    // Until the bytes have arrived: a request that is served after them shows it.
    await get(`${origin}/livez`);
    const stoppedAt = performance.now();
    service.child.kill('SIGTERM');
    expect(await service.exited).toBe(0);
    // 1 s for requests in progress, and the time a busy machine takes.
    expect(performance.now() - stoppedAt).toBeLessThan(4000);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  expect(await readdir(join(dataDir, 'process-engines'))).toEqual([]);
  await expect(fetch(`http://127.0.0.1:${range.first}/`)).rejects.toThrow();
});

test('stopping while engines start leaves none running', async () => {
  const service = new Service({ MIN_REPLICAS: '4' });
  await service.serving();
  service.child.kill('SIGTERM');
  expect(await service.exited).toBe(0);
  for (let port = range.first; port < range.first + 8; port += 1) {
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  }
});

test('it serves but is not ready if Docker is required and does not respond', async () => {
  const socket = join(dataDir, 'no-docker.sock');
  const settings = { ENGINE_RUNTIME: 'docker', DOCKER_HOST: `unix://${socket}`, API_KEY: 'configured-key' };
  const service = new Service(settings);
  const origin = await service.serving();
  expect((await get(`${origin}/readyz`)).status).toBe(503);
  expect((await get(`${origin}/livez`)).status).toBe(200);
  expect(await service.line(/^API key: (.*)/)).toBe('set by API_KEY');
  service.child.kill('SIGTERM');
  expect(await service.exited).toBe(0);
});

describe('a failed start exits with code 1 and an error message without a stack trace:', () => {
  async function failedStart(settings: Record<string, string>): Promise<string> {
    const service = new Service(settings);
    expect(await service.exited).toBe(1);
    expect(service.stderr).not.toMatch(/^ +at /m);
    expect(service.stdout).not.toContain('listening on');
    return service.stderr;
  }

  test('all invalid settings at once', async () => {
    const message = await failedStart({
      PORT: 'x',
      MIN_REPLICAS: '-1',
      LOG_LEVEL: 'loud',
      API_KEY: 'with spaces',
    });
    expect(message.split('\n')).toEqual([
      'Invalid configuration:',
      expect.stringContaining('PORT="x" must be'),
      expect.stringContaining('LOG_LEVEL="loud" must be'),
      expect.stringContaining('API_KEY="…" must be'),
      expect.stringContaining('MIN_REPLICAS="-1" must be'),
      '',
    ]);
  });

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const message = await failedStart({ PORT: String(port) });
    server.close();
    expect(message).toContain(
      `127.0.0.1:${port}: the port is in use by another program; set PORT to a free port`,
    );
  });

  test.each(['192.0.2.1', '..'])('an address of another machine, or of none: %s', async (host) => {
    expect(await failedStart({ HOST: host })).toContain(
      `${host}: set HOST and PORT to an address of this machine`,
    );
  });

  test('an unusable data folder', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    const message = await failedStart({ DATA_DIR: join(file, 'data'), API_KEY: 'configured-key' });
    expect(message).toContain(`DATA_DIR="${join(file, 'data')}" cannot be used (ENOTDIR`);
  });
});
