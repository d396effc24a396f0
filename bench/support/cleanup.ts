/** What has to be undone before the process ends, however it ends; the latest first. */
export class Cleanup {
  readonly #tasks: (() => unknown)[] = [];
  #running: Promise<void> | undefined;

  /** @returns a function that undoes it now. It is undone once, whoever asks first. */
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

  /** Undoes everything; a part that fails is told of and keeps no other from its turn. */
  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    for (let task = this.#tasks.pop(); task; task = this.#tasks.pop()) {
      try {
        await task();
      } catch (error) {
        process.stderr.write(`cleaning up: ${(error as Error).message}\n`);
      }
    }
  }
}
