import type { Cleanup } from './support/cleanup.ts';
import type { BenchDocker } from './support/docker.ts';
import type { Finding } from './support/measure.ts';

/** One measurement of the benchmark; a section of the results. */
export interface Row {
  /** Argument that selects the row on the command line. */
  name: string;
  title: string;
  /** @throws Error if the row cannot run on this machine, with the reason */
  run(bench: Bench): Promise<Finding[]>;
}

/** What a row runs with. */
export interface Bench {
  /** Few and short rounds: enough to test the code, too short for meaningful figures. */
  quick: boolean;
  /** Tasks to run when the row has ended or is interrupted. */
  cleanup: Cleanup;
  /** The private Docker daemon of all rows, started on the first call. */
  docker(): Promise<BenchDocker>;
}
