import type { Cleanup } from './support/cleanup.ts';
import type { BenchDocker } from './support/docker.ts';
import type { Finding } from './support/measure.ts';

/** A row of the table of targets. */
export interface Row {
  name: string;
  title: string;
  /** @throws Error that says why it could not be run here. */
  run(bench: Bench): Promise<Finding[]>;
}

/** What a row is given. */
export interface Bench {
  /** Few and tiny rounds: enough to see that the code works, and of no meaning as figures. */
  quick: boolean;
  /** Run when the row is over, or interrupted. */
  cleanup: Cleanup;
  /** The private Docker daemon that all rows share, started by the first that asks. */
  docker(): Promise<BenchDocker>;
}
