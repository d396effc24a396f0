import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type CgroupCounters, readCgroup } from '../../../../src/service/runtimes/docker/cgroup.ts';
import { describeWithDocker } from '../../../support/docker/docker.ts';
import { docker as cli } from '../../../support/docker/docker-programs.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const SOURCES = fileURLToPath(new URL('../../../../src', import.meta.url));
const READER = `const [pid, id] = process.argv.slice(1);
const { readCgroup } = await import('/src/service/runtimes/docker/cgroup.ts');
console.log(JSON.stringify(readCgroup(Number(pid), id)));`;

describeWithDocker('counters that are read in a container with the mounts of the stack file', (docker) => {
  it.each(['host', 'private'])(
    'are right in a %s cgroup namespace, and missing without them',
    async (mode) => {
      const run = ['run', '--detach', '--network', 'none', '--memory', '64m'];
      const id = await cli(docker.socket, ...run, docker.busyboxImage);
      const pid = Number(await cli(docker.socket, 'inspect', '--format', '{{.State.Pid}}', id));
      const read = async (...mounts: string[]) => {
        const volumes = [`${SOURCES}:/src:ro`, ...mounts].flatMap((mount) => ['--volume', mount]);
        const flags = [
          'run',
          '--rm',
          '--network',
          'none',
          '--cgroupns',
          mode,
          ...volumes,
          '--entrypoint',
          'node',
        ];
        const script = ['--input-type=module', '--eval', READER, '--', `${pid}`, id];
        return JSON.parse(await cli(docker.socket, ...flags, docker.engineImage, ...script)) as unknown;
      };
      const own = await waitUntil(
        'it has used something',
        () => {
          const counters = readCgroup(pid, id);
          return counters && counters.memoryUsage > 0 && counters.cpuNs > 0 && counters;
        },
        20_000,
      );
      const inside = (await read('/proc:/host/proc:ro', '/sys/fs/cgroup:/host/cgroup:ro')) as CgroupCounters;
      const later = readCgroup(pid, id)!;
      expect(inside).toMatchObject({ memoryLimit: 64 * 2 ** 20, networkRx: 0, networkTx: 0 });
      for (const name of ['cpuNs', 'blockRead', 'blockWrite'] as const) {
        expect(inside[name], name).toBeGreaterThanOrEqual(own[name]);
        expect(inside[name], name).toBeLessThanOrEqual(later[name]);
      }
      expect(inside.memoryUsage).toBeGreaterThan(0);
      // Then they are read from Docker.
      expect(await read()).toBeNull();
      await cli(docker.socket, 'rm', '--force', id);
    },
  );
});
