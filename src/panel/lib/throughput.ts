import type { Feeds } from './feeds.ts';
import { Rates } from './rates.ts';

/** Bytes per second; null where that is not known yet. */
export interface Flow {
  rx: number | null;
  tx: number | null;
  read: number | null;
  written: number | null;
}

/** What flows through each engine and through all, from the counters that are polled. */
export class Throughput {
  readonly #total = new Rates();
  readonly #engines = new Rates();

  constructor({ statsTotal, statsAll }: Pick<Feeds, 'statsTotal' | 'statsAll'>) {
    statsTotal.state.subscribe(() => {
      const { value, madeAt } = statsTotal.state.value;
      if (value === null || madeAt === null) return;
      this.#total.add('rx', value.total_network_rx_bytes, madeAt);
      this.#total.add('tx', value.total_network_tx_bytes, madeAt);
      this.#total.add('read', value.total_block_read_bytes, madeAt);
      this.#total.add('written', value.total_block_write_bytes, madeAt);
    });
    statsAll.state.subscribe(() => {
      const { value, madeAt } = statsAll.state.value;
      if (value === null || madeAt === null) return;
      const names = new Set<string>();
      for (const [id, stats] of Object.entries(value)) {
        const { network_rx_bytes: rx, network_tx_bytes: tx } = stats;
        const { block_read_bytes: read, block_write_bytes: written } = stats;
        for (const [name, bytes] of Object.entries({ rx, tx, read, written })) {
          names.add(`${id} ${name}`);
          this.#engines.add(`${id} ${name}`, bytes, madeAt);
        }
      }
      this.#engines.keep(names);
    });
  }

  get total(): Flow {
    return flowOf((name) => this.#total.of(name));
  }

  ofEngine(id: string): Flow {
    return flowOf((name) => this.#engines.of(`${id} ${name}`));
  }
}

function flowOf(rate: (name: string) => number | null): Flow {
  return { rx: rate('rx'), tx: rate('tx'), read: rate('read'), written: rate('written') };
}
