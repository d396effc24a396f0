/** A change of state that cached answers, the event log or reconcilers may depend on. */
export type DomainEvent =
  | { type: 'engine_started'; engineId: string }
  /**
   * `deleted` or `restarted` by this orchestrator, lost with its node, or `gone` for any other reason. `exitCode` is
   * that of its program, unless it is unknown or a signal has ended it.
   */
  | {
      type: 'engine_stopped';
      engineId: string;
      reason: 'deleted' | 'restarted' | 'node_lost' | 'gone';
      exitCode?: number;
      /** Whether it was killed because it exceeded its memory limit. Absent if it was not, or if it is unknown. */
      outOfMemory?: true;
    }
  | {
      type: 'engine_changed';
      engineId: string;
      /** Which property has changed. */
      change: 'health' | 'deleting' | 'forwarded' | 'paused';
      health: 'healthy' | 'unhealthy' | 'unknown';
      deleting: boolean;
      /** Whether the engine uses its VPN's forwarded port. */
      forwarded: boolean;
      /** Whether it is paused, as by `docker pause`. */
      paused: boolean;
    }
  /** The state of a node of the Swarm, its availability or the state of its agent has changed. */
  | {
      type: 'node_changed';
      nodeId: string;
      name: string;
      /** Such as `ready`, `down` or `lost`. */
      state: string;
      /** `active`, `pause` or `drain`. */
      availability: string;
      agent: 'connected' | 'unreachable' | 'missing' | 'not_configured';
    }
  /** No manager of the Swarm responds, with the reason, or one responds again. */
  | { type: 'managers_changed'; reason: string | null }
  | { type: 'runtime_connected' }
  | { type: 'runtime_disconnected'; reason: string }
  /** `vpn` is the name of the VPN's container. */
  | { type: 'vpn_changed'; vpn: string; connected: boolean }
  /** One of two VPNs has failed or, if not `active`, both work again. `healthyVpn` is null while both are down. */
  | { type: 'vpn_emergency'; active: boolean; failedVpn: string; healthyVpn: string | null }
  | { type: 'vpn_restarted'; vpn: string }
  | { type: 'breaker_changed'; breaker: 'general' | 'replacement'; state: 'closed' | 'open' | 'half_open' }
  | { type: 'stream_started'; streamId: string; engineId: string | null }
  | { type: 'stream_ended'; streamId: string; engineId: string | null; reason: string | null }
  /** This orchestrator has become, or is no longer, the leader of those that share its engines. */
  | { type: 'leadership_changed'; leading: boolean; term: number }
  /** `names` are the environment variables of the settings, separated by commas. */
  | { type: 'settings_changed'; names: string }
  /** Streams of a previous run were restored; `started` of them have not ended. */
  | { type: 'streams_restored'; started: number }
  /** `formerVersion` is that of the app it replaces. A version is null if the manifest has none. */
  | {
      type: 'app_installed';
      workspace: string;
      appId: string;
      version: string | null;
      formerVersion?: string | null;
    }
  | { type: 'app_uninstalled'; workspace: string; appId: string }
  | { type: 'app_cache_cleared'; workspace: string; appId: string }
  /** The start that fills the cache of an app after its installation has ended. */
  | { type: 'app_warmed'; workspace: string; appId: string; succeeded: boolean }
  /** A browser profile was changed by the API. Sessions save profiles when they end. */
  | { type: 'profile_changed'; user: string; profile: string; change: 'rolled_back' | 'forked' | 'deleted' }
  /** A session of a browser app was created, or its state has changed. */
  | {
      type: 'session_changed';
      sessionId: string;
      workspace: string;
      appId: string;
      status: 'starting' | 'running' | 'stopping' | 'completed' | 'failed' | 'stopped';
    };

/** Called synchronously with each published event. */
export type EventListener = (event: DomainEvent) => void;

/** Publishes domain events synchronously to all subscribers, in order of subscription. */
export class EventBus {
  readonly #listeners = new Set<EventListener>();

  /** Calls every listener before it returns. */
  publish(event: DomainEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
