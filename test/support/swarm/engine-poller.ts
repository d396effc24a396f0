import { setTimeout as delay } from 'node:timers/promises';
import type { DockerService } from '../docker/docker-service.ts';

const PAUSE_MS = 50;

/** Reads /engines all the time, as a panel does, while engines run. */
export class EnginePoller {
  /** Responses that were wrong: errors, and lists without engines. */
  readonly problems: string[] = [];
  /** Of all reads. */
  slowestMs = 0;
  /** Number of reads. */
  reads = 0;
  #ended = false;
  readonly #running: Promise<void>;

  constructor(service: DockerService) {
    this.#running = this.#run(service);
  }

  async #run(service: DockerService): Promise<void> {
    while (!this.#ended) {
      const startMs = performance.now();
      const { status, body } = await service.get<unknown[]>('/engines');
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startMs);
      this.reads += 1;
      if (status !== 200) this.problems.push(`${status}: ${JSON.stringify(body)}`);
      else if (body.length === 0) this.problems.push('no engines');
      await delay(PAUSE_MS);
    }
  }

  /** Resolves after the last read. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }
}
