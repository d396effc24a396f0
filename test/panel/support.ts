import type { Reading } from '../../src/panel/lib/api.ts';
import type { SessionMemory } from '../../src/panel/lib/key-keeper.ts';
import type { Engine, Status } from '../../src/panel/lib/wire.ts';

/** sessionStorage without a browser. */
export class FakeMemory implements SessionMemory {
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

export function reading<T>(value: T, about: Partial<Reading<T>> = {}): Reading<T> {
  return { same: false, value, etag: 'W/"1"', ageS: 0, stale: false, ...about } as Reading<T>;
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

export function anEngine(fields: Partial<Engine> = {}): Engine {
  return {
    container_id: 'a'.repeat(64),
    container_name: 'engine-1',
    host: '127.0.0.1',
    port: 19000,
    labels: {},
    forwarded: false,
    started_at: '2026-01-01T00:00:00.000Z',
    first_seen: '2026-01-01T00:00:00.000Z',
    streams: [],
    health_status: 'healthy',
    last_health_check: null,
    vpn_container: null,
    engine_variant: null,
    platform: null,
    version: null,
    forwarded_port: null,
    ...fields,
  };
}

export function aStatus(fields: Partial<Status> = {}): Status {
  return {
    status: 'healthy',
    engines: { total: 3, running: 3, healthy: 3, unhealthy: 0 },
    streams: { active: 1, total: 1 },
    capacity: { total: 3, used: 1, available: 2, max_replicas: 20, min_replicas: 1 },
    vpn: { enabled: false, connected: false },
    provisioning: {
      can_provision: true,
      circuit_breaker_state: 'closed',
      last_failure: null,
      blocked_reason: null,
      blocked_reason_details: null,
    },
    ...fields,
  };
}
