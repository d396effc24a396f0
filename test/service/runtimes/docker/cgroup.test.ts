import { totalmem } from 'node:os';
import { expect, it } from 'vitest';
import { readCgroup } from '../../../../src/service/runtimes/docker/cgroup.ts';
import { ID, kernelFiles, PID, VERSION_1, VERSION_2, without } from './kernel-files.ts';

async function read(files: Record<string, string>, id = ID) {
  const roots = await kernelFiles(files);
  try {
    return await readCgroup(PID, id, roots);
  } finally {
    await roots.remove();
  }
}

const USED = {
  memoryUsage: 30_000_000,
  blockRead: 5096,
  blockWrite: 10_192,
  networkRx: 2000,
  networkTx: 1000,
};

it('reads version 1 without page cache and loopback traffic', async () => {
  expect(await read(VERSION_1)).toEqual({ ...USED, cpuNs: 123_456_789, memoryLimit: totalmem() });
});

it('reads version 2', async () => {
  expect(await read(VERSION_2)).toEqual({ ...USED, cpuNs: 123_456_000, memoryLimit: 268_435_456 });
});

it('returns the memory of the machine if there is no limit', async () => {
  const limitless = Object.fromEntries(
    Object.entries(VERSION_2).map(([path, text]) => [path, path.endsWith('memory.max') ? 'max\n' : text]),
  );
  expect(await read(limitless)).toMatchObject({ memoryLimit: totalmem() });
});

it.each([
  ['version 1', without(VERSION_1, 'io_service_bytes_recursive')],
  ['version 2', without(VERSION_2, 'io.stat')],
])('keeps a container whose block figures are missing, in %s', async (_version, files) => {
  expect(await read(files)).toMatchObject({ memoryUsage: 30_000_000, blockRead: 0, blockWrite: 0 });
});

it('reads a combined hierarchy of version 1', async () => {
  const combined = { ...VERSION_1, [`proc/${PID}/cgroup`]: `4:cpu,memory:/docker/${ID}\n0::/\n` };
  expect(await read(combined)).toMatchObject({ memoryUsage: 30_000_000 });
});

it('returns null for a process of another container: in another PID namespace the pid may be reused', async () => {
  expect(await read(VERSION_1, 'a'.repeat(64))).toBeNull();
});

it.each(['cpuacct.usage', 'memory.stat', 'net/dev', '/cgroup'])('returns null without %s', async (ending) => {
  expect(await read(without(VERSION_1, ending))).toBeNull();
});

it.each([
  ['version 1', VERSION_1],
  ['version 2', VERSION_2],
])('reads %s in a cgroup namespace of its own, where paths are relative', async (_version, files) => {
  const membership = `proc/${PID}/cgroup`;
  const relative = files[membership]!.replace(/:\/[^:\n]+\/([^/\n]+)$/gm, ':/../$1');
  expect(relative).toContain(':/../');
  const moved = await read({ ...files, [membership]: relative });
  expect(moved).toEqual(await read(files));
  expect(moved).not.toBeNull();
  expect(await read({ ...without(files, 'memory.stat'), [membership]: relative })).toBeNull();
});

it('returns null for a control group that is not mounted', async () => {
  const elsewhere = { ...VERSION_2, [`proc/${PID}/cgroup`]: `0::/../docker-${ID}-of-another-host.scope\n` };
  expect(await read(elsewhere)).toBeNull();
});
