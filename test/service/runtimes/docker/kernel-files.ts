import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { KernelRoots } from '../../../../src/service/runtimes/docker/cgroup.ts';

export const ID = '3f9c'.repeat(16);
export const PID = 4242;

/** A directory with recorded kernel files of one container. Delete it with `remove()`. */
export async function kernelFiles(
  files: Record<string, string>,
): Promise<KernelRoots & { remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-kernel-'));
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return {
    proc: join(folder, 'proc'),
    cgroup: join(folder, 'cgroup'),
    remove: () => rm(folder, { recursive: true }),
  };
}

export const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 9999999   1000    0    0    0     0          0         0  9999999   1000    0    0    0     0       0          0
  eth0:    1500      20    0    0    0     0          0         0     700      10    0    0    0     0       0          0
  tun0:     500       5    0    0    0     0          0         0     300       5    0    0    0     0       0          0
`;

const FOLDER_1 = `docker/${ID}`;

/** The layout of cgroup version 1 with dockerd's cgroupfs driver. */
export const VERSION_1: Record<string, string> = {
  [`proc/${PID}/cgroup`]: `9:blkio:/${FOLDER_1}
8:pids:/${FOLDER_1}
4:memory:/${FOLDER_1}
2:cpuacct:/${FOLDER_1}
1:name=systemd:/${FOLDER_1}
0::/
`,
  [`proc/${PID}/net/dev`]: NET_DEV,
  [`cgroup/cpuacct/${FOLDER_1}/cpuacct.usage`]: '123456789\n',
  [`cgroup/memory/${FOLDER_1}/memory.usage_in_bytes`]: '50000000\n',
  [`cgroup/memory/${FOLDER_1}/memory.limit_in_bytes`]: '9223372036854771712\n',
  [`cgroup/memory/${FOLDER_1}/memory.stat`]: `cache 30000000
inactive_file 1
total_cache 30000000
total_rss 18000000
total_inactive_file 20000000
total_active_file 10000000
`,
  [`cgroup/blkio/${FOLDER_1}/blkio.throttle.io_service_bytes_recursive`]: `8:0 Read 4096
8:0 Write 8192
8:0 Sync 12288
8:0 Async 0
8:0 Discard 0
8:0 Total 12288
8:16 Read 1000
8:16 Write 2000
8:16 Total 3000
Total 15288
`,
};

const FOLDER_2 = `system.slice/docker-${ID}.scope`;

/** The layout of cgroup version 2 with dockerd's systemd driver. */
export const VERSION_2: Record<string, string> = {
  [`proc/${PID}/cgroup`]: `0::/${FOLDER_2}\n`,
  [`proc/${PID}/net/dev`]: NET_DEV,
  [`cgroup/${FOLDER_2}/cpu.stat`]: `usage_usec 123456
user_usec 100000
system_usec 23456
`,
  [`cgroup/${FOLDER_2}/memory.current`]: '50000000\n',
  [`cgroup/${FOLDER_2}/memory.max`]: '268435456\n',
  [`cgroup/${FOLDER_2}/memory.stat`]: `anon 18000000
file 30000000
inactive_anon 5
active_anon 18000000
inactive_file 20000000
active_file 10000000
`,
  [`cgroup/${FOLDER_2}/io.stat`]: `8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0
8:16 rbytes=1000 wbytes=2000 rios=1 wios=1 dbytes=0 dios=0
`,
};

/** The same files without those with this path suffix. */
export function without(files: Record<string, string>, ending: string): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !path.endsWith(ending)));
}
