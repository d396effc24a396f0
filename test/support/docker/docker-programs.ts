import { dirname, join } from 'node:path';
import { run } from '../run.ts';
import { findOrInstall, type Programs, SEARCH_PATH, underCi } from '../system-packages.ts';

const COMMAND_DEADLINE_MS = 300_000;

const PACKAGES = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  // dockerd's name server for networks that users create puts a rule into each container.
  iptables: 'iptables',
  ip: 'iproute2',
  setpriv: 'util-linux',
  busybox: 'busybox-static',
} as const;

/** Paths of the programs that Docker tests need. */
export type DockerPaths = Record<keyof typeof PACKAGES, string>;

/**
 * The programs that Docker tests need, or the line that says why these tests cannot run here.
 * @throws Error with that line, in place of returning it, under continuous integration.
 */
export async function dockerPrograms(): Promise<Programs<keyof typeof PACKAGES>> {
  if (process.getuid?.() === 0) return await findOrInstall(PACKAGES);
  const packages = [...new Set(Object.values(PACKAGES))].join(', ');
  const line = `run as root, to start a Docker daemon of their own (Debian packages: ${packages})`;
  if (underCi()) throw new Error(line);
  return { missing: line };
}

/**
 * Runs the docker command against the daemon at `socket`, by no settings but ours.
 * @returns what it wrote to standard output
 */
export async function docker(socket: string, ...args: string[]): Promise<string> {
  const env = {
    ...process.env,
    PATH: SEARCH_PATH,
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_CONFIG: join(dirname(socket), 'client'),
    DOCKER_TLS_VERIFY: '',
    DOCKER_BUILDKIT: '0',
  };
  return await run('docker', args, { env, timeout: COMMAND_DEADLINE_MS });
}
