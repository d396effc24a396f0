import type { Api } from './api.ts';
import type { ApiKeyLogin } from './api-key-login.ts';
import { errorMessage } from './errors.ts';
import { Store } from './store.ts';

/** State of a log. */
export interface LogState {
  text: string;
  /** `idle` before the first read; `ended` when the log is complete or no longer followed. */
  state: 'idle' | 'reading' | 'following' | 'ended' | 'failed';
  error: string | null;
}

/** Of a longer log only the last characters are kept. */
const MAX_LENGTH = 400_000;

/** Reads the last lines of a log, and the lines added to it while it is followed. */
export class LogFollower {
  readonly state = new Store<LogState>({ text: '', state: 'idle', error: null });
  readonly #api: Pick<Api, 'stream'>;
  readonly #apiKey: Pick<ApiKeyLogin, 'withKey'>;
  readonly #path: string;
  #reading: AbortController | null = null;

  /** @param path of the log, without a slash at the beginning */
  constructor(api: Pick<Api, 'stream'>, apiKey: Pick<ApiKeyLogin, 'withKey'>, path: string) {
    this.#api = api;
    this.#apiKey = apiKey;
    this.#path = path;
  }

  /**
   * Stops the current read and starts a new one.
   * @param tail number of lines from the end of the log
   */
  async read(tail: number, follow: boolean): Promise<void> {
    this.stop();
    const reading = new AbortController();
    const { signal } = reading;
    this.#reading = reading;
    const query = `tail=${tail}${follow ? '&follow=true' : ''}`;
    try {
      const stream = await this.#apiKey.withKey(() => this.#api.stream(`${this.#path}?${query}`, signal));
      if (signal.aborted) return;
      if (stream === null) {
        this.#update({ state: 'idle' });
        return;
      }
      this.state.value = { text: '', state: follow ? 'following' : 'reading', error: null };
      await this.#append(stream, signal);
      if (!signal.aborted) this.#update({ state: 'ended' });
    } catch (error) {
      if (!signal.aborted) this.#update({ state: 'failed', error: errorMessage(error) });
    }
  }

  stop(): void {
    this.#reading?.abort();
    this.#reading = null;
    if (this.state.value.state === 'following') this.#update({ state: 'ended' });
  }

  async #append(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const decoder = new TextDecoder();
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      const text = this.state.value.text + decoder.decode(value, { stream: true });
      this.#update({ text: text.slice(-MAX_LENGTH) });
    }
  }

  #update(change: Partial<LogState>): void {
    this.state.value = { ...this.state.value, ...change };
  }
}
