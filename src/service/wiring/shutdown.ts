import { createSystemClock } from '../../library/cache/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';

/**
 * The steps of a stop. A step that fails or takes too long does not keep the others from running: what would
 * be left behind is engines.
 */
export class Shutdown {
  // In real time, whatever clock the rest of the application uses.
  readonly #clock = createSystemClock();
  readonly #errors: unknown[] = [];

  /** Runs a step. Resolves when it has ended or failed, or after `timeoutMs`. Never rejects. */
  async run(name: string, timeoutMs: number, step: () => unknown): Promise<void> {
    try {
      const deadline = { clock: this.#clock, timeoutMs, subject: `The step "${name}"` };
      await withinDeadline(deadline, async () => await step());
    } catch (cause) {
      this.#errors.push(new Error(`Could not stop: ${name}`, { cause }));
    }
  }

  /** @throws AggregateError of the steps that failed, if there are any */
  finish(): void {
    if (this.#errors.length > 0) throw new AggregateError(this.#errors, 'The stop was not complete');
  }
}
