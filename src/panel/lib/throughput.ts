import { CounterRates } from './counter-rates.ts';
import type { Resources } from './resources.ts';

/** Network and disk throughput in bytes per second; null until it is measured. */
export interface Throughput {
  rx: number | null;
  tx: number | null;
  read: number | null;
  written: number | null;
}

/** Computes the throughput of each engine and of all engines from the polled counters. */
export class ThroughputMeter {
  readonly #total = new CounterRates();
  readonly #engines = new CounterRates();

  constructor({ statsTotal, statsAll }: Pick<Resources, 'statsTotal' | 'statsAll'>) {
    statsTotal.state.subscribe(() => {
      const { value, generatedAt } = statsTotal.state.value;
      if (value === null || generatedAt === null) return;
      this.#total.add('rx', value.total_network_rx_bytes, generatedAt);
      this.#total.add('tx', value.total_network_tx_bytes, generatedAt);
      this.#total.add('read', value.total_block_read_bytes, generatedAt);
      this.#total.add('written', value.total_block_write_bytes, generatedAt);
    });
    statsAll.state.subscribe(() => {
      const { value, generatedAt } = statsAll.state.value;
      if (value === null || generatedAt === null) return;
      const counters = new Set<string>();
      for (const [id, stats] of Object.entries(value)) {
        const { network_rx_bytes: rx, network_tx_bytes: tx } = stats;
        const { block_read_bytes: read, block_write_bytes: written } = stats;
        for (const [name, bytes] of Object.entries({ rx, tx, read, written })) {
          counters.add(`${id} ${name}`);
          this.#engines.add(`${id} ${name}`, bytes, generatedAt);
        }
      }
      this.#engines.retain(counters);
    });
  }

  get total(): Throughput {
    return throughputOf((name) => this.#total.perSecond(name));
  }

  ofEngine(id: string): Throughput {
    return throughputOf((name) => this.#engines.perSecond(`${id} ${name}`));
  }
}

function throughputOf(rate: (name: keyof Throughput) => number | null): Throughput {
  return { rx: rate('rx'), tx: rate('tx'), read: rate('read'), written: rate('written') };
}
