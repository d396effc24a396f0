/** Tasks to run before the process ends, whatever the reason, in reverse order of their addition. */
export class Cleanup {
  readonly #tasks: (() => unknown)[] = [];
  #running: Promise<void> | undefined;

  /** @returns a function that runs the task now. Each task runs only once. */
  add(task: () => unknown): () => Promise<void> {
    let done: Promise<void> | undefined;
    const once = () => {
      done ??= Promise.resolve()
        .then(task)
        .then(() => {});
      return done;
    };
    this.#tasks.push(once);
    return once;
  }

  /** Runs all tasks. A task that fails is reported on stderr, and the others still run. */
  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    for (let task = this.#tasks.pop(); task; task = this.#tasks.pop()) {
      try {
        await task();
      } catch (error) {
        process.stderr.write(`cleanup failed: ${(error as Error).message}\n`);
      }
    }
  }
}
