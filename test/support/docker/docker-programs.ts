import { dirname, join } from 'node:path';
import { run } from '../run.ts';
import { findOrInstall, type Programs, SEARCH_PATH, underCi } from '../system-packages.ts';

const COMMAND_TIMEOUT_MS = 300_000;

const PACKAGES = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  // dockerd adds a rule to each container for the name server of user-defined networks.
  iptables: 'iptables',
  ip: 'iproute2',
  setpriv: 'util-linux',
  busybox: 'busybox-static',
} as const;

/** Paths of the programs that the Docker tests need. */
export type DockerPaths = Record<keyof typeof PACKAGES, string>;

/**
 * Finds the programs that the Docker tests need.
 * @returns their paths, or one line that says why the tests cannot run here
 * @throws Error with that line under continuous integration
 */
export async function dockerPrograms(): Promise<Programs<keyof typeof PACKAGES>> {
  if (process.getuid?.() === 0) return await findOrInstall(PACKAGES);
  const packages = [...new Set(Object.values(PACKAGES))].join(', ');
  const line = `run as root to start a separate Docker daemon (Debian packages: ${packages})`;
  if (underCi()) throw new Error(line);
  return { missing: line };
}

/**
 * Runs the docker command against the daemon at `socket`, ignoring the user's settings.
 * @returns its standard output
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
  return await run('docker', args, { env, timeout: COMMAND_TIMEOUT_MS });
}
