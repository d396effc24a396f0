import type { VpnContainer, VpnContainers, VpnContainerWatch } from '../../src/vpn/containers.ts';

/** A VPN container that a test starts and stops, and which tells of it. */
export class FakeVpn implements VpnContainers, VpnContainerWatch {
  container: VpnContainer | null = {
    id: 'f'.repeat(64),
    running: true,
    startedAt: 1,
    health: 'healthy',
    address: null,
    provider: 'testvpn',
  };
  inspections = 0;
  #onChange: () => void = () => {};

  async inspect(): Promise<VpnContainer | null> {
    this.inspections += 1;
    return this.container;
  }

  follow(_name: string, onChange: () => void): () => void {
    this.#onChange = onChange;
    return () => {
      this.#onChange = () => {};
    };
  }

  /** Something happens to the container, and whoever follows it is told. */
  change(change: Partial<VpnContainer>): void {
    if (this.container) this.container = { ...this.container, ...change };
    this.#onChange();
  }
}
