import { describe, expect, it } from 'vitest';
import { findOrInstall, findProgram, type Machine } from './system-packages.ts';

/** A machine with some programs, which can install packages that contain a program of the same name. */
function machine(has: string[], offers: string[] | null, ci = false) {
  const programs = new Set(has);
  const installs: string[][] = [];
  const install = async (packages: readonly string[]) => {
    installs.push([...packages]);
    if (!packages.every((name) => offers?.includes(name))) throw new Error('E: Unable to\nlocate package');
    for (const name of packages) programs.add(name);
  };
  const find = (program: string) => (programs.has(program) ? `/bin/${program}` : null);
  const created: Machine = { ci, find, install: offers && install };
  return { machine: created, installs };
}

describe('findOrInstall', () => {
  it('installs nothing if no program is missing', async () => {
    const { machine: complete, installs } = machine(['ip', 'redis'], ['ip', 'redis']);
    expect(await findOrInstall({ ip: 'ip', redis: 'redis' }, complete)).toEqual({
      paths: { ip: '/bin/ip', redis: '/bin/redis' },
    });
    expect(installs).toEqual([]);
  });

  it('installs the packages of missing programs, each package once', async () => {
    const { machine: bare, installs } = machine(['ip'], ['docker']);
    expect(await findOrInstall({ ip: 'ip', docker: 'docker' }, bare)).toEqual({
      paths: { ip: '/bin/ip', docker: '/bin/docker' },
    });
    expect(installs).toEqual([['docker']]);
    const { machine: other, installs: once } = machine([], []);
    await findOrInstall({ docker: 'docker.io', dockerd: 'docker.io' }, other);
    expect(once).toEqual([['docker.io']]);
  });

  it('returns one line that says what to install if it cannot install packages', async () => {
    const { machine: foreign } = machine(['ip'], null);
    expect(await findOrInstall({ ip: 'iproute2', docker: 'docker.io' }, foreign)).toEqual({
      missing: 'docker not found: as root, apt-get install docker.io',
    });
  });

  it('returns one line that says why the installation failed', async () => {
    const { machine: offline } = machine([], []);
    expect(await findOrInstall({ docker: 'docker.io' }, offline)).toEqual({
      missing:
        'docker not found: as root, apt-get install docker.io (which failed: E: Unable to locate package)',
    });
  });

  it('throws under continuous integration instead of returning the line', async () => {
    const { machine: strict } = machine([], null, true);
    await expect(findOrInstall({ docker: 'docker.io' }, strict)).rejects.toThrow('apt-get install docker.io');
  });

  it('finds programs of this machine', () => {
    expect(findProgram('sh')).toMatch(/^\/.*\/sh$/);
    expect(findProgram('no-such-program-here')).toBeNull();
  });
});
