import { describe, expect, it } from 'vitest';
import { findOrInstall, findProgram, type Machine } from './system-packages.ts';

/** A machine that has some programs, and can install packages that bring programs of the same name. */
function machine(has: string[], offers: string[] | null, ci = false) {
  const programs = new Set(has);
  const installs: string[][] = [];
  const install = async (packages: readonly string[]) => {
    installs.push([...packages]);
    if (!packages.every((name) => offers?.includes(name))) throw new Error('E: Unable to\nlocate package');
    for (const name of packages) programs.add(name);
  };
  const find = (program: string) => (programs.has(program) ? `/bin/${program}` : null);
  const made: Machine = { ci, find, install: offers && install };
  return { machine: made, installs };
}

describe('findOrInstall', () => {
  it('installs nothing where all is there', async () => {
    const { machine: complete, installs } = machine(['ip', 'redis'], ['ip', 'redis']);
    expect(await findOrInstall({ ip: 'ip', redis: 'redis' }, complete)).toEqual({
      paths: { ip: '/bin/ip', redis: '/bin/redis' },
    });
    expect(installs).toEqual([]);
  });

  it('installs what is missing, each package once', async () => {
    const { machine: bare, installs } = machine(['ip'], ['docker']);
    expect(await findOrInstall({ ip: 'ip', docker: 'docker' }, bare)).toEqual({
      paths: { ip: '/bin/ip', docker: '/bin/docker' },
    });
    expect(installs).toEqual([['docker']]);
    const { machine: other, installs: once } = machine([], []);
    await findOrInstall({ docker: 'docker.io', dockerd: 'docker.io' }, other);
    expect(once).toEqual([['docker.io']]);
  });

  it('says in one line what to install where it may not', async () => {
    const { machine: foreign } = machine(['ip'], null);
    expect(await findOrInstall({ ip: 'iproute2', docker: 'docker.io' }, foreign)).toEqual({
      missing: 'docker not found: as root, apt-get install docker.io',
    });
  });

  it('says in one line why the installation failed', async () => {
    const { machine: offline } = machine([], []);
    expect(await findOrInstall({ docker: 'docker.io' }, offline)).toEqual({
      missing:
        'docker not found: as root, apt-get install docker.io (which failed here: E: Unable to locate package)',
    });
  });

  it('fails under continuous integration where it would do without elsewhere', async () => {
    const { machine: strict } = machine([], null, true);
    await expect(findOrInstall({ docker: 'docker.io' }, strict)).rejects.toThrow('apt-get install docker.io');
  });

  it('finds the programs of this machine', () => {
    expect(findProgram('sh')).toMatch(/^\/.*\/sh$/);
    expect(findProgram('no-such-program-here')).toBeNull();
  });
});
