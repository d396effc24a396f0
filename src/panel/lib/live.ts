import type { Clock } from './clock.ts';
import { type SseMessage, SseParser } from './sse.ts';
import { Store } from './store.ts';

/** What the service tells of a change. */
export interface Notice {
  /** The domain event; `snapshot` where everything is to be asked for. */
  type: string;
  /** Globs over the keys of the answers that are out of date. */
  keys: readonly string[];
}

export interface LiveParts {
  clock: Clock;
  /** Opens /events/live, after the notice `lastId` if one is known. */
  open: (lastId: string | null, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  onNotice: (notice: Notice) => void;
}

const RETRY_MS = 2000;
/**
 * A browser drops its connections when its machine's network changes, as it does with each container there. After
 * a connection that has lasted, the first attempt comes sooner: what was missed is told then.
 */
const FIRST_RETRY_MS = 100;
const LASTED_MS = 5000;
/** The service sends a comment every 15 s: silence for longer is a connection that is gone. */
const SILENCE_MS = 40_000;

/**
 * Follows the live notices, and comes back by itself. Over fetch, for EventSource sends no headers: a service
 * that asks for its key on reads asks for it here too.
 */
export class LiveClient {
  /** Whether notices come at this moment. */
  readonly connected = new Store(false);
  readonly #parts: LiveParts;
  #lastId: string | null = null;
  #run: AbortController | null = null;

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#run) return;
    this.#run = new AbortController();
    void this.#follow(this.#run.signal);
  }

  stop(): void {
    this.#run?.abort();
    this.#run = null;
    this.connected.value = false;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const begunAt = this.#parts.clock.now();
      await this.#connect(signal).catch(() => {});
      if (signal.aborted) return;
      const lasted = this.connected.value && this.#parts.clock.now() - begunAt >= LASTED_MS;
      this.connected.value = false;
      await this.#pause(signal, lasted ? FIRST_RETRY_MS : RETRY_MS);
    }
  }

  /** One connection, for as long as it lasts. */
  async #connect(signal: AbortSignal): Promise<void> {
    const connection = new AbortController();
    const either = AbortSignal.any([signal, connection.signal]);
    const reader = (await this.#parts.open(this.#lastId, either)).getReader();
    const decoder = new TextDecoder();
    const parser = new SseParser();
    let cancelSilence = () => {};
    try {
      for (;;) {
        cancelSilence = this.#parts.clock.after(SILENCE_MS, () => connection.abort());
        const { done, value } = await reader.read();
        cancelSilence();
        if (done || signal.aborted) return;
        this.connected.value = true;
        for (const message of parser.push(decoder.decode(value, { stream: true }))) this.#take(message);
      }
    } finally {
      cancelSilence();
      connection.abort();
    }
  }

  #take({ id, event, data }: SseMessage): void {
    if (id !== null) this.#lastId = id;
    const { type, keys } = JSON.parse(data) as { type?: string; keys: string[] };
    this.#parts.onNotice({ type: event === 'snapshot' ? 'snapshot' : (type ?? event), keys });
  }

  #pause(signal: AbortSignal, delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(delayMs, resolve);
    signal.addEventListener('abort', () => {
      cancel();
      resolve();
    });
    return promise;
  }
}
