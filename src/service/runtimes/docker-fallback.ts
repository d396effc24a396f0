import { type Clock, createSystemClock } from '../../library/cache/index.ts';

const CHECK_INTERVAL_MS = 30_000;

/** Options of {@link DockerFallback}. */
export interface DockerFallbackOptions {
  /** Address of the Docker daemon, for messages. */
  address: string;
  /** Whether the engines are the bundled emulated one, which plays nothing. */
  isEmulated: boolean;
  /** Rejects while the daemon does not respond. */
  ping: () => Promise<unknown>;
  /** Called at the beginning, and when the daemon responds. */
  warn: (message: string) => void;
  /** Source of time. Default: the system's. */
  clock?: Clock;
}

/**
 * The state of a service that runs local processes only because Docker did not respond at its start
 * (ENGINE_RUNTIME=auto). It does not change over by itself, because that would end the engines that are in use.
 */
export class DockerFallback {
  readonly isEmulated: boolean;
  readonly #options: DockerFallbackOptions;
  readonly #clock: Clock;
  #dockerResponds = false;
  #cancelCheck = () => {};
  #closed = false;

  constructor(options: DockerFallbackOptions) {
    this.#options = options;
    this.#clock = options.clock ?? createSystemClock();
    this.isEmulated = options.isEmulated;
    options.warn(this.message);
    this.#schedule();
  }

  /** Whether the daemon has responded since. */
  get dockerResponds(): boolean {
    return this.#dockerResponds;
  }

  /** The state, and what an operator can do. */
  get message(): string {
    const { address } = this.#options;
    if (this.#dockerResponds)
      return `Docker responds at ${address}, but engines still run as local processes: restart Roundhouse to run them in Docker`;
    const what = this.isEmulated
      ? 'emulated engines, which play nothing'
      : 'local processes of ENGINE_COMMAND';
    return `No Docker daemon responds at ${address}: running ${what}. Start Docker or set DOCKER_HOST, then restart Roundhouse; set ENGINE_RUNTIME=process if this is intended`;
  }

  /** Ends the checks. */
  close(): void {
    this.#closed = true;
    this.#cancelCheck();
  }

  #schedule(): void {
    this.#cancelCheck = this.#clock.after(CHECK_INTERVAL_MS, () => void this.#check());
  }

  async #check(): Promise<void> {
    const responds = await this.#options.ping().then(
      () => true,
      () => false,
    );
    if (this.#closed) return;
    // Only a change is worth a warning.
    const returned = responds && !this.#dockerResponds;
    this.#dockerResponds = responds;
    if (returned) this.#options.warn(this.message);
    this.#schedule();
  }
}
