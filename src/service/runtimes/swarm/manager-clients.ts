import { lookup } from 'node:dns/promises';
import type { DockerClient } from '../docker/client.ts';

/** Names of a Swarm's services, such as `tasks.socket-proxy`, change their addresses when tasks are replaced. */
const RESOLVE_INTERVAL_MS = 2000;

/** The clients of all managers in DOCKER_HOST. A name with several addresses stands for several managers. */
export class ManagerClients {
  readonly #hosts: readonly (string | null)[];
  readonly #create: (host: string | null) => DockerClient;
  readonly #clients = new Map<string | null, DockerClient>();
  #resolvedAtMs = 0;
  #current: string | null;

  /**
   * @param hosts as in DOCKER_HOST; null for the default socket
   * @param create creates the client for one of them, or for one address of its name
   */
  constructor(
    hosts: readonly [string | null, ...(string | null)[]],
    create: (host: string | null) => DockerClient,
  ) {
    this.#hosts = hosts;
    this.#create = create;
    for (const host of hosts) this.#clients.set(host, create(host));
    this.#current = hosts[0];
  }

  /** The client in use. */
  get current(): DockerClient {
    return this.#clients.get(this.#current)!;
  }

  get all(): DockerClient[] {
    return [...this.#clients.values()];
  }

  /** Selects the next client. */
  advance(): void {
    const hosts = [...this.#clients.keys()];
    this.#current = hosts[(hosts.indexOf(this.#current) + 1) % hosts.length]!;
    void this.#resolve();
  }

  /** Replaces names by their addresses. Names that cannot be resolved stay as they are. */
  async #resolve(): Promise<void> {
    if (performance.now() - this.#resolvedAtMs < RESOLVE_INTERVAL_MS && this.#resolvedAtMs > 0) return;
    this.#resolvedAtMs = performance.now();
    const found = new Set((await Promise.all(this.#hosts.map(addressesOf))).flat());
    for (const host of found) if (!this.#clients.has(host)) this.#clients.set(host, this.#create(host));
    // The one in use stays until it is left.
    for (const host of this.#clients.keys())
      if (!found.has(host) && host !== this.#current) this.#clients.delete(host);
  }
}

async function addressesOf(host: string | null): Promise<(string | null)[]> {
  if (host === null || host.startsWith('unix://')) return [host];
  const { hostname, port } = new URL(host.replace(/^http:/, 'tcp:'));
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = await lookup(name, { all: true }).catch(() => []);
  if (addresses.length === 0) return [host];
  return addresses.map(({ address, family }) => {
    const literal = family === 6 ? `[${address}]` : address;
    return `tcp://${literal}:${port || '2375'}`;
  });
}
