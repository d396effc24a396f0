import type {
  VpnContainer,
  VpnContainerEvents,
  VpnContainerRestarts,
  VpnContainers,
} from '../../../src/service/vpn/containers.ts';

/** VPN containers that a test changes, with their events. */
export class FakeVpn implements VpnContainers, VpnContainerRestarts, VpnContainerEvents {
  readonly containers: Map<string, VpnContainer>;
  /** Names of the containers that were restarted. */
  readonly restarts: string[] = [];
  inspections = 0;
  readonly #first: string;
  readonly #listeners = new Map<string, () => void>();

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
    this.#listeners.set(name, onChange);
    return () => this.#listeners.delete(name);
  }

  /** Changes a container and emits its event. */
  change(change: Partial<VpnContainer>, name = this.#first): void {
    const container = this.containers.get(name);
    if (container) this.containers.set(name, { ...container, ...change });
    this.#listeners.get(name)?.();
  }
}
