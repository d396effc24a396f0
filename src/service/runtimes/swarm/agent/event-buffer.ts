import type { AgentEvent } from './protocol.ts';

/** An event before it has a number. */
export type NewAgentEvent =
  | Omit<Extract<AgentEvent, { type: 'running' }>, 'sequence'>
  | Omit<Extract<AgentEvent, { type: 'ended' }>, 'sequence'>;

/** Numbers events, and keeps the latest for clients that reconnect. */
export class EventBuffer {
  readonly #maxEvents: number;
  readonly #events: AgentEvent[] = [];
  readonly #listeners = new Set<(event: AgentEvent) => void>();
  #sequence = 0;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  /** Number of the latest event, or 0. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Numbers an event, and passes it to all listeners. */
  push(event: NewAgentEvent): void {
    this.#sequence += 1;
    const numbered = { ...event, sequence: this.#sequence };
    this.#events.push(numbered);
    if (this.#events.length > this.#maxEvents) this.#events.shift();
    for (const listener of this.#listeners) listener(numbered);
  }

  /** @returns the events after a number, or null if they are no longer all kept */
  since(sequence: number): AgentEvent[] | null {
    const missed = this.#sequence - sequence;
    // Of another run, or not a number.
    if (!(missed >= 0 && missed <= this.#events.length)) return null;
    return missed === 0 ? [] : this.#events.slice(-missed);
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (event: AgentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
