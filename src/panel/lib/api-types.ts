/**
 * Parameters, request body and reply of each operation of the API, by method and path as in the OpenAPI document.
 * Generated from openapi/openapi.json by `npm run docs`; do not edit.
 */
export interface Operations {
  'GET /by-label': {
    query: {
      key: string;
      value: string;
    };
    reply: Container[];
  };
  'GET /cache/stats': {
    reply: CacheStats;
  };
  'POST /cache/clear': {
    query?: {
      pattern?: string;
      cache?: 'stats' | 'results';
    };
    body?: {
      /**
       * Glob over keys; `*` and `?` are wildcards
       */
      pattern?: string;
      /**
       * The cache to clear. Defaults to all.
       */
      cache?: 'stats' | 'results';
    };
    reply: {
      message: string;
      /**
       * Number of entries removed
       */
      cleared: number;
    };
  };
  'GET /containers/{id}': {
    path: {
      id: string;
    };
    reply: Container;
  };
  'DELETE /containers/{id}': {
    path: {
      id: string;
    };
    reply: {
      /**
       * Id of the removed engine
       */
      deleted: string;
    };
  };
  'GET /custom-variant/config': {
    reply: EngineSettings;
  };
  'POST /custom-variant/config': {
    body: EngineSettings;
    reply: EngineSettings;
  };
  'GET /custom-variant/platform': {
    reply: {
      /**
       * Of the machine on which Roundhouse runs
       */
      platform: 'amd64' | 'arm32' | 'arm64';
      supported_platforms: ('amd64' | 'arm32' | 'arm64')[];
    };
  };
  'POST /custom-variant/reprovision': {
    reply: {
      message: string;
      /**
       * Engines that will be replaced
       */
      deleted_count: number;
    };
  };
  'GET /custom-variant/reprovision/status': {
    reply: ReprovisionStatus;
  };
  'GET /custom-variant/templates': {
    reply: {
      templates: {
        /**
         * Slot of a template
         */
        slot_id: number;
        name: string;
        exists: boolean;
      }[];
      active_template_id: number | null;
    };
  };
  'GET /custom-variant/templates/{slot}': {
    path: {
      slot: number;
    };
    reply: EngineSettingsTemplate;
  };
  'POST /custom-variant/templates/{slot}': {
    path: {
      slot: number;
    };
    body: {
      name: string;
      config: EngineSettings;
    };
    reply: {
      message: string;
      /**
       * Slot of a template
       */
      slot_id: number;
    };
  };
  'DELETE /custom-variant/templates/{slot}': {
    path: {
      slot: number;
    };
    reply: {
      message: string;
      /**
       * Slot of a template
       */
      slot_id: number;
    };
  };
  'PATCH /custom-variant/templates/{slot}/rename': {
    path: {
      slot: number;
    };
    body: {
      name: string;
    };
    reply: {
      message: string;
      /**
       * Slot of a template
       */
      slot_id: number;
    };
  };
  'POST /custom-variant/templates/{slot}/activate': {
    path: {
      slot: number;
    };
    reply: {
      message: string;
      /**
       * Slot of a template
       */
      slot_id: number;
    };
  };
  'GET /custom-variant/templates/{slot}/export': {
    path: {
      slot: number;
    };
    reply: {
      name: string;
      config: EngineSettings;
    };
  };
  'POST /custom-variant/templates/{slot}/import': {
    path: {
      slot: number;
    };
    body: {
      /**
       * The content of an exported file
       */
      json_data: string;
    };
    reply: {
      message: string;
      /**
       * Slot of a template
       */
      slot_id: number;
    };
  };
  'GET /engines': {
    reply: Engine[];
  };
  'GET /engines/stats/all': {
    reply: {
      [k: string]: EngineStats;
    };
  };
  'GET /engines/stats/total': {
    reply: TotalStats;
  };
  'GET /engines/{id}/stats': {
    path: {
      id: string;
    };
    reply: EngineStats;
  };
  'GET /engines/{id}': {
    path: {
      id: string;
    };
    reply: {
      engine: Engine;
      streams: Stream[];
    };
  };
  'DELETE /engines/{id}': {
    path: {
      id: string;
    };
    reply: {
      /**
       * Id of the removed engine
       */
      deleted: string;
    };
  };
  'GET /events': {
    query?: {
      limit?: number;
      offset?: number;
      event_type?: 'engine' | 'stream' | 'vpn' | 'health' | 'system';
      category?: string;
      container_id?: string;
      stream_id?: string;
      since?: string | number;
    };
    reply: Event[];
  };
  'GET /events/stats': {
    reply: EventStats;
  };
  'POST /events/cleanup': {
    query?: {
      max_age_days?: number;
    };
    reply: {
      /**
       * Number of deleted events
       */
      deleted: number;
      message: string;
    };
  };
  'POST /events/stream_ended': {
    body?: {
      container_id?: string | null;
      stream_id?: string | null;
      reason?: string | null;
    };
    reply: {
      /**
       * Whether a stream was playing until now
       */
      updated: boolean;
      stream: Stream | null;
    };
  };
  'POST /events/stream_started': {
    body: {
      container_id?: string | null;
      engine: {
        host: string;
        port: number;
      };
      stream: {
        key_type: 'content_id' | 'infohash' | 'url' | 'magnet';
        key: string;
      };
      session: {
        playback_session_id: string;
        stat_url: string;
        command_url: string;
        is_live: 0 | 1;
      };
      labels?: {
        stream_id?: string;
        [k: string]: string | undefined;
      } | null;
    };
    reply: Stream;
  };
  'POST /gc': {
    reply: {
      status: 'ok';
    };
  };
  'GET /health': {
    reply: Health;
  };
  'GET /health/status': {
    reply: HealthStatus;
  };
  'POST /health/circuit-breaker/reset': {
    query?: {
      operation_type?: 'general' | 'replacement';
    };
    reply: {
      message: string;
    };
  };
  'GET /livez': {
    reply: {
      status: 'alive';
    };
  };
  'GET /orchestrator/status': {
    reply: OrchestratorStatus;
  };
  'POST /provision/acestream': {
    body?: {
      labels?: {
        [k: string]: string;
      } | null;
      env?: {
        [k: string]: string;
      } | null;
      host_port?: number | null;
    };
    reply: ProvisionedEngine;
  };
  'GET /readyz': {
    reply: {
      status: 'ready';
    };
  };
  'POST /scale/{demand}': {
    path: {
      demand: number;
    };
    reply: {
      scaled_to: number;
    };
  };
  'GET /stats/history': {
    query?: {
      window_s?: number;
    };
    reply: SeriesWindow;
  };
  'GET /streams': {
    query?: {
      status?: 'started' | 'ended';
      container_id?: string;
      limit?: number;
      cursor?: string;
    };
    reply: Stream[];
  };
  'GET /streams/{id}/stats': {
    path: {
      id: string;
    };
    query?: {
      since?: string;
    };
    reply: StreamSample[];
  };
  'DELETE /streams/{id}': {
    path: {
      id: string;
    };
    reply: {
      message: string;
      stream_id: string;
      /**
       * Whether the engine confirmed that the session has ended
       */
      stopped: boolean;
      stream: Stream;
    };
  };
  'POST /streams/batch-stop': {
    /**
     * @maxItems 1000
     */
    body?: string[];
    reply: BatchStop;
  };
  'GET /streams/{id}/livepos': {
    path: {
      id: string;
    };
    reply: LivePosition;
  };
  'GET /streams/{id}/extended-stats': {
    path: {
      id: string;
    };
    reply: StreamContent;
  };
  'GET /version': {
    reply: {
      name: string;
      version: string;
      node: string;
    };
  };
  'GET /vpn/status': {
    reply: VpnStatus;
  };
  'GET /vpn/publicip': {
    reply: {
      public_ip: string;
    };
  };
}
export interface Container {
  id: string;
  name: string;
  image: string | null;
  /**
   * RFC 3339, UTC
   */
  created: string;
  status: 'created' | 'running' | 'paused';
  labels: {
    [k: string]: string;
  };
  /**
   * Where clients reach the ports of the container, such as `6878/tcp`
   */
  ports: {
    [k: string]: {
      HostIp: string;
      HostPort: string;
    }[];
  };
}
export interface CacheStats {
  /**
   * Fresh entries
   */
  size: number;
  /**
   * Replies to clients from the cache
   */
  hits: number;
  /**
   * Replies to clients that had to be loaded
   */
  misses: number;
  /**
   * Percent of the reads of clients, two decimals
   */
  hit_rate: number;
  entries: {
    key: string;
    /**
     * Seconds since the entry was loaded
     */
    age: number;
    /**
     * Seconds until the entry expires
     */
    ttl_remaining: number;
    bytes: number;
  }[];
  /**
   * Loads from the source
   */
  loads: number;
  /**
   * Misses that waited for a load already in progress
   */
  collapsed: number;
  /**
   * Misses answered with the last good value because the load failed
   */
  stale: number;
  load_errors: number;
  evictions: number;
  invalidations: number;
  store_errors: number;
  /**
   * Bytes in memory, including expired entries that are kept as fallbacks
   */
  bytes: number;
  /**
   * Loads in progress
   */
  in_flight: number;
  adaptive_ttl: AdaptiveTtl | null;
  /**
   * Duration of the loads that succeeded, by key without the hash of its arguments
   */
  load_times: {
    [k: string]: LoadTimes;
  };
  /**
   * Each cache by name, by tier, since the start
   */
  caches: {
    stats: {
      memory: MemoryTier;
      redis: RedisTier | null;
    };
    results: {
      memory: MemoryTier;
      redis: RedisTier | null;
    };
  };
}
/**
 * Bounds of the TTLs, or null without CACHE_ADAPTIVE_TTL
 *
 * This interface was referenced by `Operations`'s JSON-Schema
 * via the `definition` "AdaptiveTtl".
 */
export interface AdaptiveTtl {
  /**
   * Longest TTL of a key
   */
  max_ttl_seconds: number;
  /**
   * Largest share of the time that loads of a key take, unless its TTL would be too long
   */
  max_load_share: number;
}
export interface LoadTimes {
  /**
   * Loads that succeeded
   */
  count: number;
  /**
   * Loads that failed
   */
  failed: number;
  mean_seconds: number | null;
  last_seconds: number | null;
}
export interface MemoryTier {
  /**
   * Entries, including expired ones that are kept as fallbacks
   */
  entry_count: number;
  bytes: number;
  hits: number;
  misses: number;
  loads: number;
  collapsed: number;
  stale: number;
  load_errors: number;
  evictions: number;
}
export interface RedisTier {
  /**
   * Whether invalidations of other orchestrators are received
   */
  connected: boolean;
  /**
   * Values found in Redis
   */
  hits: number;
  /**
   * Values found in Redis that were unreadable, and were removed
   */
  corrupt: number;
  /**
   * Loads performed on behalf of all orchestrators
   */
  leads: number;
  /**
   * Reads that waited for the load of another orchestrator
   */
  waits: number;
  /**
   * Reads for which Redis was unavailable
   */
  bypasses: number;
  /**
   * Values written to Redis
   */
  stored: number;
  /**
   * Values that Redis did not accept: they were invalidated meanwhile, or Redis is full
   */
  refused: number;
  /**
   * Redis commands that failed
   */
  faults: number;
}
export interface EngineSettings {
  /**
   * Whether new engines use these settings instead of ENGINE_VARIANT
   */
  enabled: boolean;
  platform: 'amd64' | 'arm32' | 'arm64';
  /**
   * Version of the engine on `arm32` and `arm64`
   */
  arm_version: '3.2.13' | '3.2.14';
  memory_limit: string | null;
  /**
   * @maxItems 100
   */
  parameters: EngineParameter[];
}
export interface EngineParameter {
  /**
   * Such as `--live-cache-size`
   */
  name: string;
  /**
   * A flag has no value; sizes are in bytes
   */
  type: 'flag' | 'string' | 'int' | 'bytes' | 'path';
  value: string | number | boolean;
  /**
   * Whether it is passed to engines
   */
  enabled: boolean;
}
export interface ReprovisionStatus {
  in_progress: boolean;
  status: 'idle' | 'in_progress' | 'success' | 'error';
  message: string | null;
  timestamp: string | null;
  total_engines: number;
  engines_stopped: number;
  engines_provisioned: number;
  current_engine_id: string | null;
  current_phase: ('preparing' | 'stopping' | 'cleaning' | 'provisioning' | 'complete' | 'error') | null;
}
export interface EngineSettingsTemplate {
  /**
   * Slot of a template
   */
  slot_id: number;
  name: string;
  config: EngineSettings;
}
export interface Engine {
  container_id: string;
  container_name: string;
  /**
   * Host on which `port` is reachable
   */
  host: string;
  port: number;
  /**
   * Labels of the caller, the label of managed engines, and `host.http_port`, `acestream.http_port` and so on
   */
  labels: {
    [k: string]: string;
  };
  /**
   * Whether the VPN's forwarded port leads to this engine
   */
  forwarded: boolean;
  /**
   * When Roundhouse first saw the engine
   */
  first_seen: string;
  started_at: string | null;
  /**
   * RFC 3339, UTC
   */
  last_seen: string;
  /**
   * Ids of the streams that are playing
   */
  streams: string[];
  health_status: 'healthy' | 'unhealthy' | 'unknown';
  /**
   * Whether the container is paused. Its streams go on when it is resumed.
   */
  paused: boolean;
  last_health_check: string | null;
  last_stream_usage: string | null;
  vpn_container: string | null;
  engine_variant: string | null;
  platform: string | null;
  version: string | null;
  forwarded_port: number | null;
  /**
   * For older clients: engines manage their own cache
   */
  last_cache_cleanup: null;
  /**
   * For older clients: the size is unknown
   */
  cache_size_bytes: null;
}
export interface EngineStats {
  container_id: string;
  /**
   * Percent; 100 is one core
   */
  cpu_percent: number;
  /**
   * Without the page cache, in bytes
   */
  memory_usage: number;
  /**
   * Bytes
   */
  memory_limit: number;
  memory_percent: number;
  /**
   * Received, in bytes
   */
  network_rx_bytes: number;
  /**
   * Sent, in bytes
   */
  network_tx_bytes: number;
  /**
   * Whose network the counters describe. With `host`, the traffic cannot be attributed to the engine and both are 0.
   */
  network_scope: 'own' | 'shared' | 'host';
  /**
   * Bytes
   */
  block_read_bytes: number;
  /**
   * Bytes
   */
  block_write_bytes: number;
}
export interface TotalStats {
  /**
   * Percent; 100 is one core
   */
  total_cpu_percent: number;
  /**
   * Bytes
   */
  total_memory_usage: number;
  /**
   * Each network namespace counted once, in bytes
   */
  total_network_rx_bytes: number;
  /**
   * Each network namespace counted once, in bytes
   */
  total_network_tx_bytes: number;
  /**
   * Bytes
   */
  total_block_read_bytes: number;
  /**
   * Bytes
   */
  total_block_write_bytes: number;
  /**
   * Number of engines included
   */
  container_count: number;
}
export interface Stream {
  id: string;
  key_type: 'content_id' | 'infohash' | 'url' | 'magnet';
  key: string;
  container_id: string | null;
  playback_session_id: string;
  stat_url: string;
  command_url: string;
  is_live: boolean;
  /**
   * RFC 3339, UTC
   */
  started_at: string;
  ended_at: string | null;
  status: 'started' | 'ended';
  peers: number | null;
  speed_down: number | null;
  speed_up: number | null;
  downloaded: number | null;
  uploaded: number | null;
}
export interface Event {
  /**
   * Increases with time
   */
  id: number;
  /**
   * RFC 3339, UTC
   */
  timestamp: string;
  /**
   * What the event is about
   */
  event_type: 'engine' | 'stream' | 'vpn' | 'health' | 'system';
  /**
   * What has happened, such as `created`, `started`, `ended`, `failed` or `recovered`
   */
  category: string;
  message: string;
  container_id: string | null;
  stream_id: string | null;
  details: {
    [k: string]: string | number | boolean | null;
  };
}
export interface EventStats {
  total: number;
  by_type: {
    engine: number;
    stream: number;
    vpn: number;
    health: number;
    system: number;
  };
  by_category: {
    [k: string]: number;
  };
  oldest: string | null;
  newest: string | null;
  /**
   * Events lost since the start because the queue was full
   */
  dropped: number;
  /**
   * Changes that have not been written yet
   */
  queued: number;
  /**
   * Where the log is stored: in memory while its file cannot be written
   */
  store: 'file' | 'memory' | 'away';
}
export interface Health {
  status: 'healthy' | 'unavailable';
  runtime: {
    name: string;
    available: boolean;
    fallback: {
      /**
       * Whether the engines are emulated and play nothing
       */
      emulated: boolean;
      /**
       * Whether Docker has responded since the start
       */
      docker_responds: boolean;
      /**
       * What an operator can do
       */
      message: string;
    } | null;
  };
  /**
   * Number of engines
   */
  engines: number;
  /**
   * Where the event log is stored. It does not affect `status`.
   */
  history: {
    store: 'file' | 'memory' | 'away';
  };
  cluster: {
    redis: 'connected' | 'away';
    /**
     * Whether this orchestrator is the leader, which starts and removes engines
     */
    leading: boolean;
  } | null;
  uptime_seconds: number;
}
export interface HealthStatus {
  total_engines: number;
  healthy_engines: number;
  unhealthy_engines: number;
  /**
   * Engines that are about to be replaced
   */
  marked_for_replacement: number;
  /**
   * MIN_REPLICAS
   */
  minimum_required: number;
  /**
   * Seconds between two checks of an engine
   */
  health_check_interval: number;
  circuit_breakers: {
    general: CircuitBreaker;
    replacement: CircuitBreaker;
  };
}
export interface CircuitBreaker {
  state: 'closed' | 'open' | 'half_open';
  /**
   * Consecutive failures
   */
  failure_count: number;
  /**
   * Consecutive failures that open the breaker
   */
  failure_threshold: number;
  last_failure_time: string | null;
  last_success_time: string | null;
  /**
   * Seconds that the breaker stays open
   */
  recovery_timeout: number;
}
export interface OrchestratorStatus {
  /**
   * `unavailable` if no engine is running, `degraded` if none can be provisioned although there is room
   */
  status: 'healthy' | 'degraded' | 'unavailable';
  engines: {
    total: number;
    running: number;
    healthy: number;
    unhealthy: number;
  };
  streams: {
    /**
     * Streams that are playing
     */
    active: number;
    /**
     * These and the ended streams that are still listed
     */
    total: number;
  };
  capacity: {
    /**
     * Engines
     */
    total: number;
    /**
     * Engines with at least one stream
     */
    used: number;
    /**
     * Engines without a stream
     */
    available: number;
    /**
     * MAX_REPLICAS
     */
    max_replicas: number;
    /**
     * MIN_REPLICAS
     */
    min_replicas: number;
  };
  vpn: {
    enabled: boolean;
    connected: boolean;
    health: string;
    container: string | null;
    forwarded_port: number | null;
  };
  provisioning: {
    can_provision: boolean;
    circuit_breaker_state: 'closed' | 'open' | 'half_open';
    last_failure: string | null;
    blocked_reason: string | null;
    blocked_reason_details: ProvisioningBlock | null;
  };
  config: {
    auto_delete: boolean;
    grace_period_s: number;
    engine_variant: string;
    debug_mode: boolean;
  };
  /**
   * RFC 3339, UTC
   */
  timestamp: string;
}
export interface ProvisioningBlock {
  code: 'vpn_disconnected' | 'circuit_breaker' | 'max_capacity';
  message: string;
  recovery_eta_seconds: number | null;
  /**
   * Whether another attempt may succeed without intervention
   */
  can_retry: boolean;
  /**
   * Whether the client should wait and try again
   */
  should_wait: boolean;
}
export interface ProvisionedEngine {
  container_id: string;
  container_name: string;
  host_http_port: number;
  container_http_port: number;
  container_https_port: number;
}
/**
 * Each column has one value per interval in `t`, null if unknown. CPU: percent, 100 is one core. Memory: bytes. Rates: bytes per second. `cache_*`: counted within the interval.
 *
 * This interface was referenced by `Operations`'s JSON-Schema
 * via the `definition` "SeriesWindow".
 */
export interface SeriesWindow {
  /**
   * Length of an interval, in seconds
   */
  interval_s: number;
  /**
   * Seconds since the epoch
   */
  from: number;
  /**
   * Seconds since the epoch
   */
  to: number;
  /**
   * Start of each interval, in seconds since the epoch
   *
   * @maxItems 400
   */
  t: number[];
  cpu_percent: (number | null)[];
  memory_usage: (number | null)[];
  network_rx_rate: (number | null)[];
  network_tx_rate: (number | null)[];
  block_read_rate: (number | null)[];
  block_write_rate: (number | null)[];
  engines_total: (number | null)[];
  engines_healthy: (number | null)[];
  engines_used: (number | null)[];
  streams_active: (number | null)[];
  cache_hits: (number | null)[];
  cache_misses: (number | null)[];
  cache_loads: (number | null)[];
  cache_collapsed: (number | null)[];
  cache_stale: (number | null)[];
  cache_errors: (number | null)[];
}
export interface StreamSample {
  /**
   * RFC 3339, UTC
   */
  ts: string;
  peers: number | null;
  speed_down: number | null;
  speed_up: number | null;
  downloaded: number | null;
  uploaded: number | null;
  status: string | null;
  livepos: {
    pos: string | null;
    live_first: string | null;
    live_last: string | null;
    first_ts: string | null;
    last_ts: string | null;
    is_live: string | null;
    buffer_pieces: string | null;
  } | null;
}
export interface BatchStop {
  total: number;
  success_count: number;
  failure_count: number;
  results: {
    command_url: string;
    /**
     * Whether the stream was playing and has ended
     */
    success: boolean;
    message: string;
    stream_id: string | null;
  }[];
}
export interface LivePosition {
  has_livepos: boolean;
  is_live: boolean;
  livepos?: {
    pos: string | null;
    live_first: string | null;
    live_last: string | null;
    first_ts: string | null;
    last_ts: string | null;
    buffer_pieces: string | null;
  };
}
export interface StreamContent {
  title?: string;
  categories?: string[];
  content_type?: string;
  transport_type?: string;
  infohash?: string;
  content_id?: string;
  item_url?: string;
  /**
   * 1 for live, 0 for video on demand, -1 if unknown
   */
  is_live?: number;
}
export interface VpnStatus {
  /**
   * With `redundant`, `vpn1` and `vpn2` describe the two VPNs, and the other fields describe the first that is connected.
   */
  mode: 'disabled' | 'single' | 'redundant';
  enabled: boolean;
  status: string | null;
  container_name: string | null;
  container: string | null;
  health: 'healthy' | 'unhealthy' | 'starting' | 'unknown';
  connected: boolean;
  forwarded_port: number | null;
  public_ip: string | null;
  provider: string | null;
  country: string | null;
  city: string | null;
  region: string | null;
  last_check: string | null;
  last_check_at: string | null;
  vpn1: Vpn | null;
  vpn2: Vpn | null;
  /**
   * Active while one of two VPNs has failed
   */
  emergency_mode: {
    active: boolean;
    failed_vpn: string | null;
    healthy_vpn: string | null;
    /**
     * 0 if not active
     */
    duration_seconds: number;
  };
}
export interface Vpn {
  mode: 'single';
  enabled: boolean;
  status: string | null;
  container_name: string | null;
  container: string | null;
  health: 'healthy' | 'unhealthy' | 'starting' | 'unknown';
  connected: boolean;
  forwarded_port: number | null;
  public_ip: string | null;
  provider: string | null;
  country: string | null;
  city: string | null;
  region: string | null;
  last_check: string | null;
  last_check_at: string | null;
}
export interface LiveSnapshot {
  reason: 'connected' | 'gap';
  /**
   * Globs over the keys that `/cache/stats` lists
   */
  keys: string[];
  /**
   * RFC 3339, UTC
   */
  at: string;
}
export interface LiveNotice {
  /**
   * Type of the change, such as `engine_started`
   */
  type: string;
  /**
   * Globs over the keys that `/cache/stats` lists
   */
  keys: string[];
  engine_id: string | null;
  stream_id: string | null;
  /**
   * RFC 3339, UTC
   */
  at: string;
}
export interface ProvisioningRefusal {
  error: 'provisioning_blocked' | 'provisioning_failed';
  /**
   * The reason
   */
  code:
    | 'vpn_disconnected'
    | 'circuit_breaker'
    | 'max_capacity'
    | 'provisioning_failed'
    | 'runtime_unavailable'
    | 'timeout'
    | 'no_free_port'
    | 'image_missing'
    | 'engine_exited';
  message: string;
  recovery_eta_seconds: number | null;
  /**
   * Whether another attempt may succeed without intervention
   */
  can_retry: boolean;
  /**
   * Whether the client should wait and try again
   */
  should_wait: boolean;
}
