import type {
  VpnContainer,
  VpnContainerEvents,
  VpnContainerRestarts,
  VpnContainers,
} from '../../../src/service/vpn/containers.ts';

/** VPN containers that a test starts and stops, and which tell of it. */
export class FakeVpn implements VpnContainers, VpnContainerRestarts, VpnContainerEvents {
  readonly containers: Map<string, VpnContainer>;
  /** Names of containers that were to be restarted. */
  readonly restarts: string[] = [];
  inspections = 0;
  readonly #first: string;
  readonly #followers = new Map<string, () => void>();

  constructor(first = 'gluetun', ...others: string[]) {
    this.#first = first;
    this.containers = new Map(
      [first, ...others].map((name, index) => [
        name,
        {
          id: `${index}`.repeat(64),
          running: true,
          startedAt: 1,
          health: 'healthy',
          address: null,
          provider: 'testvpn',
        },
      ]),
    );
  }

  async inspect(name: string): Promise<VpnContainer | null> {
    this.inspections += 1;
    return this.containers.get(name) ?? null;
  }

  async restart(name: string): Promise<void> {
    this.restarts.push(name);
  }

  follow(name: string, onChange: () => void): () => void {
    this.#followers.set(name, onChange);
    return () => this.#followers.delete(name);
  }

  /** Something happens to a container, and whoever follows it is told. */
  change(change: Partial<VpnContainer>, name = this.#first): void {
    const container = this.containers.get(name);
    if (container) this.containers.set(name, { ...container, ...change });
    this.#followers.get(name)?.();
  }
}
