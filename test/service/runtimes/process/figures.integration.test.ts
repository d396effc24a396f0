import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineRuntime } from '../../../../src/service/engines/runtime.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { askEngine, findPids, makeDataDir, makeSpec, PROGRAM_COMMAND, startRuntime } from './support.ts';

const MEBIBYTE = 2 ** 20;

async function sampleOne(runtime: EngineRuntime, id: string) {
  return (await runtime.sample([id], new AbortController().signal)).get(id)!;
}

describe('the figures of a process', () => {
  it('are those of the bundled engine, and grow as it works', async () => {
    const { runtime } = await startRuntime();
    const spec = await makeSpec();
    const { id, startedAt } = await runtime.create(spec);
    await askEngine(spec.ports.hostHttp, '/');
    const first = await sampleOne(runtime, id);
    expect(first).toMatchObject({ startedAt, networkRx: 0, networkTx: 0, networkNamespace: null });
    expect(Math.abs(first.takenAt - Date.now())).toBeLessThan(2000);
    expect(first.memoryUsage).toBeGreaterThan(4 * MEBIBYTE);
    expect(first.memoryUsage).toBeLessThan(400 * MEBIBYTE);
    expect(first.memoryLimit).toBeGreaterThan(first.memoryUsage);
    expect(first.memoryLimit).toBeLessThanOrEqual(totalmem());
    expect(first.cpuNs).toBeGreaterThan(0);
    const later = await waitUntil(
      'a growth of CPU time',
      async () => {
        for (let count = 0; count < 50; count += 1) await askEngine(spec.ports.hostHttp, '/server/api');
        const sample = await sampleOne(runtime, id);
        return sample.cpuNs > first.cpuNs && sample;
      },
      10_000,
    );
    expect(later.takenAt).toBeGreaterThan(first.takenAt);
    expect((later.cpuNs - first.cpuNs) / 1e6).toBeLessThan(2 * (later.takenAt - first.takenAt) + 20);
  });

  it('tell CPU time, memory and storage as they are used', async () => {
    const { runtime } = await startRuntime({ command: PROGRAM_COMMAND });
    const spec = await makeSpec();
    const { id } = await runtime.create(spec);
    const ask = (path: string) => askEngine(spec.ports.hostHttp, path);
    await ask('/pid');
    const first = await sampleOne(runtime, id);
    await ask('/burn?value=300');
    await ask('/hold?value=64');
    await ask(`/write?value=${join(makeDataDir(), 'written')}`);
    const later = await sampleOne(runtime, id);
    // The program measures its 300 ms itself; the kernel counts in steps of 10 ms.
    expect(later.cpuNs - first.cpuNs).toBeGreaterThanOrEqual(280e6);
    expect(later.cpuNs - first.cpuNs).toBeLessThan(1500e6);
    expect(later.memoryUsage - first.memoryUsage).toBeGreaterThan(60 * MEBIBYTE);
    expect(later.memoryUsage - first.memoryUsage).toBeLessThan(110 * MEBIBYTE);
    const io = readFileSync(`/proc/${findPids(spec.ports.hostHttp)[0]}/io`, 'utf8');
    expect(io).toContain(`\nread_bytes: ${later.blockRead}\n`);
    expect(io).toContain(`\nwrite_bytes: ${later.blockWrite}\n`);
  });

  it('include those of the processes it has started, also after their end', async () => {
    const { runtime } = await startRuntime({ command: PROGRAM_COMMAND });
    const [spec, child] = [await makeSpec(), await makeSpec()];
    const { id } = await runtime.create(spec);
    await askEngine(spec.ports.hostHttp, `/child?value=${child.ports.hostHttp}`);
    const childPid = await askEngine<number>(child.ports.hostHttp, '/pid');
    const first = await sampleOne(runtime, id);
    await askEngine(child.ports.hostHttp, '/burn?value=300');
    await askEngine(child.ports.hostHttp, '/hold?value=64');
    const busy = await sampleOne(runtime, id);
    expect(busy.cpuNs - first.cpuNs).toBeGreaterThanOrEqual(280e6);
    expect(busy.memoryUsage - first.memoryUsage).toBeGreaterThan(60 * MEBIBYTE);
    process.kill(childPid, 'SIGKILL');
    const alone = await waitUntil(
      'the end of the child',
      async () => {
        const sample = await sampleOne(runtime, id);
        return sample.memoryUsage < busy.memoryUsage - 60 * MEBIBYTE && sample;
      },
      5000,
    );
    expect(alone.cpuNs).toBeGreaterThanOrEqual(busy.cpuNs);
  });

  it('are left out for an engine that has gone or never was', async () => {
    const { runtime } = await startRuntime();
    const specs = [await makeSpec(), await makeSpec()];
    const [kept, gone] = await Promise.all(specs.map((spec) => runtime.create(spec)));
    await runtime.remove(gone!.id);
    const ids = [kept!.id, gone!.id, 'f'.repeat(64)];
    const samples = await runtime.sample(ids, new AbortController().signal);
    expect([...samples.keys()]).toEqual([kept!.id]);
  });

  it('are refused where nobody waits for them any more', async () => {
    const { runtime } = await startRuntime();
    const { id } = await runtime.create(await makeSpec());
    const reason = new Error('gone away');
    await expect(runtime.sample([id], AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
