import type { Reading } from '../../src/panel/lib/api.ts';
import type { Engine, Health, Node, Status, VpnStatus } from '../../src/panel/lib/wire.ts';

/** A Storage in memory. */
export class MemoryStorage {
  readonly items = new Map<string, string>();

  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    this.items.set(name, value);
  }

  removeItem(name: string): void {
    this.items.delete(name);
  }
}

/** A reading with a new value. */
export function aReading<T>(value: T): Reading<T> {
  return { notModified: false, value, etag: 'W/"1"', ageS: 0, stale: false };
}

/** A response with a JSON body. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

/** A fetch that never gets a response and rejects when the request is aborted. */
export function hang({ signal }: RequestInit): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

/** A healthy engine without streams. */
export function anEngine(fields: Partial<Engine> = {}): Engine {
  return {
    container_id: 'a'.repeat(64),
    container_name: 'engine-1',
    node: null,
    host: '127.0.0.1',
    port: 19000,
    labels: {},
    forwarded: false,
    started_at: '2026-01-01T00:00:00.000Z',
    first_seen: '2026-01-01T00:00:00.000Z',
    last_seen: '2026-01-01T00:00:00.000Z',
    streams: [],
    health_status: 'healthy',
    health_since: '2026-01-01T00:00:00.000Z',
    paused: false,
    last_health_check: null,
    last_stream_usage: null,
    vpn_container: null,
    engine_variant: null,
    platform: null,
    version: null,
    forwarded_port: null,
    last_cache_cleanup: null,
    cache_size_bytes: null,
    ...fields,
  };
}

/** A worker of a Swarm that responds, with an agent. */
export function aNode(fields: Partial<Node> = {}): Node {
  return {
    id: 'n1',
    name: 'worker-1',
    address: '10.0.0.1',
    role: 'worker',
    leader: false,
    state: 'ready',
    state_since: '2026-01-01T00:00:00.000Z',
    availability: 'active',
    labels: {},
    cpus: 8,
    memory: 32e9,
    docker_version: '27.1.0',
    agent: 'connected',
    agent_since: '2026-01-01T00:00:00.000Z',
    agent_version: '1.0.0',
    load_average: 1,
    memory_available: 16e9,
    engines: [],
    streams: 0,
    ...fields,
  };
}

/** The status of a service with three healthy engines, one of them in use. */
export function aStatus(fields: Partial<Status> = {}): Status {
  return {
    status: 'healthy',
    engines: { total: 3, running: 3, healthy: 3, unhealthy: 0 },
    streams: { active: 1, total: 1 },
    capacity: { total: 3, used: 1, available: 2, max_replicas: 20, min_replicas: 1 },
    vpn: { enabled: false, connected: false, health: 'unknown', container: null, forwarded_port: null },
    provisioning: {
      can_provision: true,
      circuit_breaker_state: 'closed',
      last_failure: null,
      last_failure_reason: null,
      breaker_opened_at: null,
      blocked_reason: null,
      blocked_reason_details: null,
    },
    config: { auto_delete: true, grace_period_s: 30, engine_variant: 'emulated', debug_mode: false },
    timestamp: '2026-01-01T00:00:00.000Z',
    ...fields,
  };
}

/** The health of a service with Docker. */
export function aHealth(fields: Partial<Health> = {}): Health {
  return {
    status: 'healthy',
    runtime: {
      name: 'docker',
      available: true,
      unavailable_since: null,
      unavailable_reason: null,
      managers: null,
      fallback: null,
    },
    engines: 3,
    history: { store: 'file' },
    cluster: null,
    uptime_seconds: 60,
    ...fields,
  };
}

/** The state of one connected VPN. */
export function aVpn(fields: Partial<VpnStatus> = {}): VpnStatus {
  return {
    mode: 'single',
    enabled: true,
    status: 'running',
    container_name: 'gluetun',
    container: 'gluetun',
    health: 'healthy',
    connected: true,
    forwarded_port: 5914,
    public_ip: '203.0.113.7',
    provider: 'protonvpn',
    country: 'Switzerland',
    city: null,
    region: null,
    last_check: '2026-01-01T00:00:00.000Z',
    last_check_at: '2026-01-01T00:00:00.000Z',
    problem: null,
    vpn1: null,
    vpn2: null,
    emergency_mode: { active: false, failed_vpn: null, healthy_vpn: null, duration_seconds: 0 },
    ...fields,
  };
}
