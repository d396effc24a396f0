import type { Api } from './api.ts';
import type { KeyKeeper } from './key-keeper.ts';
import { describeFailure } from './problems.ts';
import { Store } from './store.ts';

export interface LogState {
  text: string;
  /** `idle` before it was asked for; `ended` when there is no more to come. */
  state: 'idle' | 'reading' | 'following' | 'ended' | 'failed';
  fault: string | null;
}

/** So much is kept of a log that goes on and on: its end. */
const MAX_LENGTH = 400_000;

/** The log of one engine: its end, and what is added if it is followed. */
export class LogFollower {
  readonly state = new Store<LogState>({ text: '', state: 'idle', fault: null });
  readonly #api: Pick<Api, 'follow'>;
  readonly #keys: Pick<KeyKeeper, 'use'>;
  readonly #id: string;
  #reading: AbortController | null = null;

  constructor(api: Pick<Api, 'follow'>, keys: Pick<KeyKeeper, 'use'>, id: string) {
    this.#api = api;
    this.#keys = keys;
    this.#id = id;
  }

  /** Reads anew. @param tail lines from the end */
  async read(tail: number, follow: boolean): Promise<void> {
    this.stop();
    const reading = new AbortController();
    this.#reading = reading;
    const path = `engines/${encodeURIComponent(this.#id)}/logs?tail=${tail}${follow ? '&follow=true' : ''}`;
    try {
      const stream = await this.#keys.use(() => this.#api.follow(path, reading.signal));
      if (reading.signal.aborted) return;
      if (stream === null) {
        this.#show({ state: 'idle' });
        return;
      }
      this.state.value = { text: '', state: follow ? 'following' : 'reading', fault: null };
      await this.#take(stream, reading.signal);
      if (!reading.signal.aborted) this.#show({ state: 'ended' });
    } catch (error) {
      if (!reading.signal.aborted) this.#show({ state: 'failed', fault: describeFailure(error) });
    }
  }

  stop(): void {
    this.#reading?.abort();
    this.#reading = null;
    if (this.state.value.state === 'following') this.#show({ state: 'ended' });
  }

  async #take(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const decoder = new TextDecoder();
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      const text = this.state.value.text + decoder.decode(value, { stream: true });
      this.#show({ text: text.slice(-MAX_LENGTH) });
    }
  }

  #show(change: Partial<LogState>): void {
    this.state.value = { ...this.state.value, ...change };
  }
}
