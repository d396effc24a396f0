/** Everything that can happen to what Roundhouse answers about. */
export type DomainEvent =
  | { type: 'engine_started'; engineId: string }
  | { type: 'engine_stopped'; engineId: string; reason: 'deleted' | 'gone' }
  | {
      type: 'engine_changed';
      engineId: string;
      /** Which of these has changed. */
      change: 'health' | 'deleting' | 'forwarded';
      health: 'healthy' | 'unhealthy' | 'unknown';
      deleting: boolean;
      /** Whether it is the engine that has its VPN's forwarded port. */
      forwarded: boolean;
    }
  | { type: 'runtime_connected' }
  | { type: 'runtime_disconnected'; reason: string }
  | { type: 'vpn_changed'; vpn: string; connected: boolean }
  /** Of two VPNs one has failed, or (not active) both are back. `healthyVpn` is null while both are down. */
  | { type: 'vpn_emergency'; active: boolean; failedVpn: string; healthyVpn: string | null }
  | { type: 'vpn_restarted'; vpn: string }
  | { type: 'breaker_changed'; breaker: 'general' | 'replacement'; state: 'closed' | 'open' | 'half_open' }
  | { type: 'stream_started'; streamId: string; engineId: string | null }
  | { type: 'stream_ended'; streamId: string; engineId: string | null; reason: string | null }
  /** Of several orchestrators over the same engines, this one now acts, or no longer does. */
  | { type: 'leadership_changed'; leading: boolean; term: number }
  /** Streams of a former run were taken up, so many of them not ended. */
  | { type: 'streams_restored'; started: number };

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
