/** What the service answers, as far as the panel reads it. A test holds these types against the routes' schemas. */

export type EngineHealth = 'healthy' | 'unhealthy' | 'unknown';
export type BreakerState = 'closed' | 'open' | 'half_open';

export interface Engine {
  container_id: string;
  container_name: string;
  host: string;
  port: number;
  labels: Record<string, string>;
  forwarded: boolean;
  /** When the engine itself began; `first_seen` is when Roundhouse first saw it. */
  started_at: string | null;
  first_seen: string;
  streams: string[];
  health_status: EngineHealth;
  last_health_check: string | null;
  vpn_container: string | null;
  engine_variant: string | null;
  platform: string | null;
  version: string | null;
  forwarded_port: number | null;
}

export interface EngineStats {
  cpu_percent: number;
  memory_usage: number;
  memory_limit: number;
  network_rx_bytes: number;
  network_tx_bytes: number;
  network_scope: 'own' | 'shared' | 'host';
  block_read_bytes: number;
  block_write_bytes: number;
}

export interface TotalStats {
  total_cpu_percent: number;
  total_memory_usage: number;
  total_network_rx_bytes: number;
  total_network_tx_bytes: number;
  total_block_read_bytes: number;
  total_block_write_bytes: number;
  container_count: number;
}

export interface Status {
  status: 'healthy' | 'degraded' | 'unavailable';
  engines: { total: number; running: number; healthy: number; unhealthy: number };
  streams: { active: number; total: number };
  capacity: { total: number; used: number; available: number; max_replicas: number; min_replicas: number };
  vpn: { enabled: boolean; connected: boolean };
  provisioning: {
    can_provision: boolean;
    circuit_breaker_state: BreakerState;
    last_failure: string | null;
    blocked_reason: string | null;
    blocked_reason_details: { code: string; recovery_eta_seconds: number | null } | null;
  };
}

export interface OneVpn {
  enabled: boolean;
  container: string | null;
  health: 'healthy' | 'unhealthy' | 'starting' | 'unknown';
  connected: boolean;
  forwarded_port: number | null;
  public_ip: string | null;
  provider: string | null;
  country: string | null;
  city: string | null;
}

export interface Vpn extends OneVpn {
  mode: 'disabled' | 'single' | 'redundant';
  vpn1: OneVpn | null;
  vpn2: OneVpn | null;
  emergency_mode: { active: boolean; failed_vpn: string | null; healthy_vpn: string | null };
}

export interface Stream {
  id: string;
  key_type: string;
  key: string;
  container_id: string | null;
  is_live: boolean;
  started_at: string;
  status: 'started' | 'ended';
  peers: number | null;
  /** KB/s, as is `speed_up`. */
  speed_down: number | null;
  speed_up: number | null;
}

export interface EventRecord {
  id: number;
  timestamp: string;
  event_type: string;
  category: string;
  message: string;
  container_id: string | null;
  stream_id: string | null;
}

export interface CacheEntry {
  key: string;
  /** Seconds, as is `ttl_remaining`. */
  age: number;
  ttl_remaining: number;
  bytes: number;
}

export interface CacheStats {
  size: number;
  hits: number;
  misses: number;
  hit_rate: number;
  entries: CacheEntry[];
  loads: number;
  collapsed: number;
  stale: number;
  load_errors: number;
  evictions: number;
  invalidations: number;
  bytes: number;
  in_flight: number;
  /** By key without the hash of its arguments, as `stats:engine`. */
  load_times: Record<string, LoadTimes>;
}

export interface Provisioned {
  container_id: string;
  container_name: string;
}

/** How long loads of one class of keys took. */
export interface LoadTimes {
  count: number;
  failed: number;
  mean_seconds: number | null;
  last_seconds: number | null;
}
