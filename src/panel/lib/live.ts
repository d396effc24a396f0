import type { Clock } from './clock.ts';
import { type SseMessage, SseParser } from './sse.ts';
import { Store } from './store.ts';
import type { LiveNotice, LiveSnapshot } from './wire.ts';

/** A change that the service reports. */
export interface Notice {
  /** Type of the domain event; `snapshot` if everything has to be read again. */
  type: string;
  /** Globs that match the keys of the invalidated cache entries. */
  keys: readonly string[];
}

/** Options of {@link LiveClient}. */
export interface LiveClientOptions {
  clock: Clock;
  /** Opens `/events/live`. `lastEventId` is the ID of the last notice received, or null. */
  open: (lastEventId: string | null, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  onNotice: (notice: Notice) => void;
}

const RETRY_MS = 2000;
/**
 * A browser closes its connections when the network of its machine changes, which every container start on that
 * machine causes. After a connection that was stable, the first retry therefore comes sooner; the service replays
 * the notices missed in between.
 */
const FIRST_RETRY_MS = 100;
const STABLE_AFTER_MS = 5000;
/** The service sends a comment every 15 s, so a connection silent for this long is dead. */
const SILENCE_TIMEOUT_MS = 40_000;

/**
 * Receives live notices and reconnects automatically. Uses fetch because EventSource does not say why a
 * connection was refused, such as for a missing login.
 */
export class LiveClient {
  /** Whether a connection is open and has received data. */
  readonly connected = new Store(false);
  readonly #options: LiveClientOptions;
  #lastEventId: string | null = null;
  #running: AbortController | null = null;

  constructor(options: LiveClientOptions) {
    this.#options = options;
  }

  /** Connects, unless it is connected or connecting already. */
  start(): void {
    if (this.#running) return;
    this.#running = new AbortController();
    void this.#run(this.#running.signal);
  }

  stop(): void {
    this.#running?.abort();
    this.#running = null;
    this.connected.value = false;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAt = this.#options.clock.now();
      await this.#connect(signal).catch(() => {});
      if (signal.aborted) return;
      const stable = this.connected.value && this.#options.clock.now() - startedAt >= STABLE_AFTER_MS;
      this.connected.value = false;
      await this.#delay(signal, stable ? FIRST_RETRY_MS : RETRY_MS);
    }
  }

  /** Resolves or rejects when the connection ends. */
  async #connect(signal: AbortSignal): Promise<void> {
    const connection = new AbortController();
    const either = AbortSignal.any([signal, connection.signal]);
    const reader = (await this.#options.open(this.#lastEventId, either)).getReader();
    const decoder = new TextDecoder();
    const parser = new SseParser();
    let cancelTimeout = () => {};
    try {
      for (;;) {
        cancelTimeout = this.#options.clock.after(SILENCE_TIMEOUT_MS, () => connection.abort());
        const { done, value } = await reader.read();
        cancelTimeout();
        if (done || signal.aborted) return;
        this.connected.value = true;
        for (const message of parser.push(decoder.decode(value, { stream: true }))) this.#onMessage(message);
      }
    } finally {
      cancelTimeout();
      connection.abort();
    }
  }

  #onMessage({ id, event, data }: SseMessage): void {
    if (id !== null) this.#lastEventId = id;
    const message: LiveSnapshot | LiveNotice = JSON.parse(data);
    this.#options.onNotice({ type: 'type' in message ? message.type : event, keys: message.keys });
  }

  #delay(signal: AbortSignal, delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(delayMs, resolve);
    signal.addEventListener('abort', () => {
      cancel();
      resolve();
    });
    return promise;
  }
}
