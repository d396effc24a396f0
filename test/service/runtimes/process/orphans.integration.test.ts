import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EngineRecords } from '../../../../src/service/runtimes/process/engine-records.ts';
import { identify } from '../../../../src/service/runtimes/process/proc-files.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { askEngine, findPids, makeDataDir, makeSpec, PROGRAM_COMMAND, startRuntime } from './support.ts';

const SERVICE = join(import.meta.dirname, 'fixtures/service.ts');

/** Starts a separate service with one engine. */
async function startService(dataDir: string, command: string[]) {
  const spec = await makeSpec();
  const { hostHttp, containerHttps } = spec.ports;
  const args = [SERVICE, dataDir, String(hostHttp), String(containerHttps), ...command];
  const service = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    for (const pid of findPids(hostHttp)) process.kill(pid, 'SIGKILL');
  });
  await once(service.stdout, 'data');
  await askEngine(hostHttp, '/');
  const kill = async () => {
    service.kill('SIGKILL');
    await once(service, 'exit');
  };
  return { spec, kill };
}

describe('a killed service', () => {
  it('ends the bundled engine with it', async () => {
    const { spec, kill } = await startService(makeDataDir(), []);
    await kill();
    const { hostHttp } = spec.ports;
    await waitUntil('the end of the engine', () => findPids(hostHttp).length === 0, 5000);
  });

  it('leaves other engines running, which the next service with its data directory ends', async () => {
    const dataDir = makeDataDir();
    const { spec, kill } = await startService(dataDir, [PROGRAM_COMMAND]);
    await kill();
    const pid = await askEngine<number>(spec.ports.hostHttp, '/pid');
    expect(findPids(spec.ports.hostHttp)).toEqual([pid]);

    const { runtime, warnings } = await startRuntime({ dataDir, stopTimeoutMs: 100 });
    expect(findPids(spec.ports.hostHttp)).toEqual([]);
    expect(warnings).toEqual(['Ended the engine orphan, which a killed service had left running']);
    expect(readdirSync(join(dataDir, 'process-engines'))).toEqual([]);
    expect(await runtime.list()).toEqual([]);
    await runtime.create(spec);
  });

  it('is not confused with a running one, whose engines are kept', async () => {
    const dataDir = makeDataDir();
    const { spec, kill } = await startService(dataDir, [PROGRAM_COMMAND]);
    const { warnings } = await startRuntime({ dataDir });
    await askEngine(spec.ports.hostHttp, '/pid');
    expect(warnings).toEqual([]);
    await kill();
    expect(await (await EngineRecords.open(dataDir)).endOrphans(100)).toEqual(['orphan']);
    expect(findPids(spec.ports.hostHttp)).toEqual([]);
  });
});

it('a file that a killed service was writing is removed', async () => {
  const dataDir = makeDataDir();
  const records = await EngineRecords.open(dataDir);
  const file = join(dataDir, 'process-engines', 'a.json.tmp');
  writeFileSync(file, '{"bootId":');
  expect(await records.endOrphans(100)).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

it('an engine is started after somebody has emptied the data folder', async () => {
  const dataDir = makeDataDir();
  const { runtime } = await startRuntime({ dataDir });
  rmSync(join(dataDir, 'process-engines'), { recursive: true });
  const { id } = await runtime.create(await makeSpec());
  expect(readdirSync(join(dataDir, 'process-engines'))).toEqual([`${id}.json`]);
});

describe('a record', () => {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const nobody = { pid: 2 ** 22 + 1, startTicks: 1 };

  /** Starts an unrelated process and writes a record. */
  async function setUp(change: (engine: { pid: number; startTicks: number }) => unknown) {
    const dataDir = makeDataDir();
    const records = await EngineRecords.open(dataDir);
    const bystander = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    onTestFinished(() => void bystander.kill('SIGKILL'));
    await once(bystander, 'spawn');
    const engine = identify(bystander.pid!);
    const file = join(dataDir, 'process-engines', 'a.json');
    const content = change(engine!);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return { records, bystander, file };
  }

  it('that matches a process by pid and start time ends it', async () => {
    const { records, bystander, file } = await setUp((engine) => ({
      bootId,
      service: nobody,
      engine,
      name: 'x',
    }));
    const exited = once(bystander, 'exit');
    expect(await records.endOrphans(1000)).toEqual(['x']);
    expect(await exited).toEqual([null, 'SIGTERM']);
    expect(existsSync(file)).toBe(false);
  });

  it.each<[string, Parameters<typeof setUp>[0]]>([
    [
      'whose pid is reused by another process',
      ({ pid, startTicks }) => ({
        bootId,
        service: nobody,
        engine: { pid, startTicks: startTicks - 1 },
        name: 'x',
      }),
    ],
    ['from before a reboot', (engine) => ({ bootId: 'other', service: nobody, engine, name: 'x' })],
    ['without a service', (engine) => ({ bootId, engine, name: 'x' })],
    [
      'that is truncated',
      (engine) => JSON.stringify({ bootId, service: nobody, engine, name: 'x' }).slice(0, -1),
    ],
    ['that is not an object', () => 'null'],
  ])('%s ends nothing and is removed', async (_, change) => {
    const { records, bystander, file } = await setUp(change);
    expect(await records.endOrphans(100)).toEqual([]);
    expect(existsSync(file)).toBe(false);
    expect(identify(bystander.pid!)?.pid).toBe(bystander.pid);
  });
});

it('an engine has its file before anything else can happen', async () => {
  const dataDir = makeDataDir();
  const records = await EngineRecords.open(dataDir);
  records.add('a', 'name', process.pid);
  expect(existsSync(join(dataDir, 'process-engines', 'a.json'))).toBe(true);
});
