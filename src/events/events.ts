/** Everything that can happen to what Roundhouse answers about. */
export type DomainEvent =
  | { type: 'engine_started'; engineId: string }
  | { type: 'engine_stopped'; engineId: string; reason: 'deleted' | 'gone' }
  | { type: 'engine_changed'; engineId: string }
  | { type: 'runtime_connected' }
  | { type: 'runtime_disconnected'; reason: string }
  | { type: 'vpn_changed' }
  | { type: 'breaker_changed' }
  | { type: 'stream_started'; streamId: string; engineId: string | null }
  | { type: 'stream_ended'; streamId: string; engineId: string | null; reason: string | null };

export type EventListener = (event: DomainEvent) => void;

/** Passes each domain event to all who listen, in the order they subscribed, within the same turn. */
export class EventBus {
  readonly #listeners = new Set<EventListener>();

  publish(event: DomainEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** @returns a function that ends the subscription. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
