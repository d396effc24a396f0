import { once } from 'node:events';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EngineRuntime } from '../../../../src/service/engines/runtime.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { askEngine, findPids, makeDataDir, makeSpec, PROGRAM_COMMAND, startRuntime } from './support.ts';

function follow(runtime: EngineRuntime) {
  const seen: string[] = [];
  const unwatch = runtime.watch({
    onStarted: (id) => seen.push(`started ${id}`),
    onStopped: (id) => seen.push(`stopped ${id}`),
    onConnected: () => seen.push('connected'),
    onDisconnected: (reason) => seen.push(`disconnected ${reason}`),
  });
  return { seen, unwatch };
}

const recordsIn = (dataDir: string) => readdirSync(join(dataDir, 'process-engines'));

describe('the process runtime', () => {
  it('runs the bundled engine from create to remove', async () => {
    const dataDir = makeDataDir();
    const { runtime, warnings } = await startRuntime({ dataDir });
    const { seen } = follow(runtime);
    const spec = await makeSpec({ labels: { team: 'a' } });
    const before = Date.now();
    const engine = await runtime.create(spec);
    expect(engine).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      name: spec.name,
      host: '127.0.0.1',
      ports: spec.ports,
      labels: { team: 'a' },
      vpnContainer: null,
      vpnContainerId: null,
      forwardedPort: null,
      variant: 'emulated',
      startedAt: expect.any(Number),
      image: null,
      createdAt: expect.any(Number),
      paused: false,
    });
    expect(Math.abs(engine.startedAt! - before)).toBeLessThan(2000);
    expect(await runtime.list()).toEqual([engine]);
    expect(await runtime.inspect(engine.id)).toEqual(engine);
    expect(await askEngine(spec.ports.hostHttp, '/webui/api/service?method=get_version')).toMatchObject({
      result: { version: '3.1.70-emulated' },
    });
    expect(recordsIn(dataDir)).toEqual([`${engine.id}.json`]);

    await runtime.remove(engine.id);
    expect(findPids(spec.ports.hostHttp)).toEqual([]);
    expect(await runtime.list()).toEqual([]);
    expect(await runtime.inspect(engine.id)).toBeNull();
    expect(recordsIn(dataDir)).toEqual([]);
    expect(seen).toEqual(['connected', `started ${engine.id}`, `stopped ${engine.id}`]);
    expect(warnings).toEqual([]);
  });

  it('reports an engine that is killed externally once', async () => {
    const dataDir = makeDataDir();
    const { runtime, warnings } = await startRuntime({ dataDir });
    const { seen } = follow(runtime);
    const spec = await makeSpec();
    const { id } = await runtime.create(spec);
    const [pid = 0] = findPids(spec.ports.hostHttp);
    process.kill(pid, 'SIGKILL');
    await waitUntil('the stop event', () => seen.includes(`stopped ${id}`), 5000);
    expect(await runtime.list()).toEqual([]);
    await waitUntil('the warning', () => warnings.length === 1, 5000);
    expect(warnings).toEqual([`The engine ${spec.name} exited unexpectedly (SIGKILL)`]);
    await waitUntil('the removal of its record', () => recordsIn(dataDir).length === 0, 5000);
    await runtime.remove(id);
    await runtime.create(spec);
  });

  it('reports the last output of an engine that exited unexpectedly', async () => {
    const { runtime, warnings } = await startRuntime({ command: PROGRAM_COMMAND });
    const spec = await makeSpec();
    await runtime.create(spec);
    await askEngine(spec.ports.hostHttp, '/pid');
    await fetch(`http://127.0.0.1:${spec.ports.hostHttp}/die?value=no+licence%0A`).catch(() => {});
    await waitUntil('the warning', () => warnings.length > 0, 5000);
    expect(warnings).toEqual([`The engine ${spec.name} exited unexpectedly (code 3: no licence)`]);
  });

  it('creates ten concurrently, each on its own port', async () => {
    const { runtime } = await startRuntime();
    const specs = await Promise.all(Array.from({ length: 10 }, () => makeSpec()));
    const engines = await Promise.all(specs.map((spec) => runtime.create(spec)));
    expect(new Set(engines.map(({ id }) => id)).size).toBe(10);
    await Promise.all(specs.map(({ ports }) => askEngine(ports.hostHttp, '/server/api?method=get_status')));
    expect(await runtime.list()).toHaveLength(10);
    await runtime.close();
    expect(specs.flatMap(({ ports }) => findPids(ports.hostHttp))).toEqual([]);
  });

  it('listens on the port that clients use', async () => {
    const { runtime } = await startRuntime();
    const { ports } = await makeSpec();
    const spec = await makeSpec({ ports: { ...ports, containerHttp: 6878 } });
    expect((await runtime.create(spec)).ports).toEqual(ports);
    await askEngine(ports.hostHttp, '/server/api?method=get_status');
  });

  it.each([
    'NODE_OPTIONS',
    'node_options',
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'PATH',
    'HOME',
    'BASH_ENV',
    'ENV',
    'PYTHONSTARTUP',
    'PERL5OPT',
    'JAVA_TOOL_OPTIONS',
    'GIT_SSH_COMMAND',
    'https_proxy',
    'OPENSSL_CONF',
  ])('refuses the variable %s from a caller', async (name) => {
    const { runtime } = await startRuntime({ command: PROGRAM_COMMAND });
    const spec = await makeSpec({ env: { WISHED: 'for', [name]: '--require=/tmp/x.js' } });
    await expect(runtime.create(spec)).rejects.toMatchObject({
      code: 'reserved_variable',
      message: expect.stringContaining(name),
    });
    expect(await runtime.list()).toEqual([]);
  });

  it('passes an engine its environment without the secrets of the service', async () => {
    process.env.ROUNDHOUSE_TEST_KEY = 'secret';
    onTestFinished(() => void delete process.env.ROUNDHOUSE_TEST_KEY);
    const { runtime } = await startRuntime({ command: PROGRAM_COMMAND });
    const spec = await makeSpec({ env: { WISHED: 'for' } });
    await runtime.create(spec);
    const env = await askEngine<Record<string, string>>(spec.ports.hostHttp, '/env');
    expect(env).toMatchObject({ WISHED: 'for', PATH: process.env.PATH });
    expect(env).not.toHaveProperty('ROUNDHOUSE_TEST_KEY');
  });
});

describe('a failed creation', () => {
  it('rejects a port in use by another program and leaves nothing behind', async () => {
    const dataDir = makeDataDir();
    const { runtime } = await startRuntime({ dataDir });
    const { seen } = follow(runtime);
    const spec = await makeSpec();
    for (const port of [spec.ports.hostHttp, spec.ports.containerHttps]) {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      await expect(runtime.create(spec)).rejects.toMatchObject({ code: 'port_taken' });
      server.close();
      await once(server, 'close');
    }
    expect(await runtime.list()).toEqual([]);
    expect(recordsIn(dataDir)).toEqual([]);
    expect(seen).toEqual(['connected']);
    await runtime.create(spec);
  });

  it('assigns a port to one of two concurrent requests', async () => {
    const { runtime } = await startRuntime();
    const spec = await makeSpec();
    const results = await Promise.allSettled([runtime.create(spec), runtime.create(spec)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(runtime.create(spec)).rejects.toMatchObject({ code: 'port_taken' });
    expect(await runtime.list()).toHaveLength(1);
  });

  it.each([
    ['does not exist', '/nonexistent/engine {http_port}', {}],
    ['is not executable', import.meta.filename, {}],
    ['has an invalid environment', PROGRAM_COMMAND, { A: 'nul \0 byte' }],
  ])('says so where the program %s, and leaves nothing behind', async (_, command, env) => {
    const dataDir = makeDataDir();
    const { runtime } = await startRuntime({ command, dataDir });
    const { seen } = follow(runtime);
    const spec = await makeSpec({ env });
    await expect(runtime.create(spec)).rejects.toMatchObject({ code: 'provisioning_failed' });
    expect(await runtime.list()).toEqual([]);
    expect(recordsIn(dataDir)).toEqual([]);
    expect(seen).toEqual(['connected']);
    // The port was released: the second error is that of the program as well.
    await expect(runtime.create(spec)).rejects.toMatchObject({ code: 'provisioning_failed' });
  });

  it('keeps no engine without a record', async () => {
    const dataDir = makeDataDir();
    const { runtime } = await startRuntime({ dataDir });
    rmSync(dataDir, { recursive: true });
    writeFileSync(dataDir, '');
    const spec = await makeSpec();
    await expect(runtime.create(spec)).rejects.toMatchObject({ code: 'provisioning_failed' });
    expect(await runtime.list()).toEqual([]);
    expect(findPids(spec.ports.hostHttp)).toEqual([]);
  });

  it('rejects an invalid command at the start', async () => {
    await expect(startRuntime({ command: 'engine "--a' })).rejects.toThrow('unclosed');
  });
});

describe('the end of an engine', () => {
  it('is forced if the engine ignores SIGTERM', async () => {
    const { runtime } = await startRuntime({ command: PROGRAM_COMMAND, stopTimeoutMs: 100 });
    const spec = await makeSpec({ env: { IGNORE_SIGTERM: '1' } });
    const { id } = await runtime.create(spec);
    await askEngine(spec.ports.hostHttp, '/pid');
    await Promise.all([runtime.remove(id), runtime.remove(id)]);
    expect(findPids(spec.ports.hostHttp)).toEqual([]);
    await runtime.remove(id);
    await runtime.remove('0'.repeat(64));
  });

  it('includes all of its child processes', async () => {
    const command = `sh -c '${PROGRAM_COMMAND.replaceAll("'", '')}; true'`;
    const { runtime } = await startRuntime({ command });
    const spec = await makeSpec();
    const { id } = await runtime.create(spec);
    await askEngine(spec.ports.hostHttp, '/pid');
    await runtime.remove(id);
    expect(findPids(spec.ports.hostHttp)).toEqual([]);
  });

  it('includes all of its child processes also when the engine exits on its own', async () => {
    const { runtime } = await startRuntime({ command: PROGRAM_COMMAND });
    const [spec, child] = [await makeSpec(), await makeSpec()];
    await runtime.create(spec);
    await askEngine(spec.ports.hostHttp, `/child?value=${child.ports.hostHttp}`);
    await askEngine(child.ports.hostHttp, '/pid');
    await fetch(`http://127.0.0.1:${spec.ports.hostHttp}/die`).catch(() => {});
    await waitUntil('the end of the child process', () => findPids(child.ports.hostHttp).length === 0, 5000);
  });

  it('follows the close of the runtime, also for engines being created', async () => {
    const { runtime } = await startRuntime();
    const { seen } = follow(runtime);
    const specs = [await makeSpec(), await makeSpec()];
    await runtime.create(specs[0]!);
    const creation = runtime.create(specs[1]!);
    await Promise.all([runtime.close(), runtime.close(), creation]);
    expect(specs.flatMap(({ ports }) => findPids(ports.hostHttp))).toEqual([]);
    expect(seen.filter((event) => event.startsWith('stopped'))).toHaveLength(2);
    await expect(runtime.create(specs[0]!)).rejects.toMatchObject({ code: 'runtime_unavailable' });
  });

  it('is not reported after the subscription has ended', async () => {
    const { runtime } = await startRuntime();
    const { seen, unwatch } = follow(runtime);
    const { id } = await runtime.create(await makeSpec());
    unwatch();
    await runtime.remove(id);
    expect(seen).toEqual(['connected', `started ${id}`]);
  });
});
