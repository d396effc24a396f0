import { vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import type { CacheOptions } from '../../../src/library/cache/options.ts';
import type { WireVpnState } from '../../../src/service/api/views/vpn.ts';
import type { VpnContainer, VpnContainers } from '../../../src/service/vpn/containers.ts';
import type { VpnObservation } from '../../../src/service/vpn/observation.ts';
import { createVpn, type VpnOptions, type VpnSettings } from '../../../src/service/vpn/vpn.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';

export const NEVER = new AbortController().signal;

export const CONTAINER: VpnContainer = {
  id: 'a'.repeat(64),
  running: true,
  startedAt: 1_790_000_000_000,
  health: 'healthy',
  address: '127.0.0.1',
  provider: 'protonvpn',
};

/** Observations of a VPN. */
export const UP: VpnObservation = {
  state: 'running',
  health: 'healthy',
  connected: true,
  containerId: CONTAINER.id,
  startedAt: CONTAINER.startedAt,
  provider: 'protonvpn',
  forwardedPort: 5914,
  publicAddress: { ip: '203.0.113.7', country: 'Switzerland', region: null, city: null },
  problem: null,
};
export const DOWN: VpnObservation = { ...UP, health: 'unhealthy', connected: false };
export const STARTING: VpnObservation = { ...DOWN, health: 'starting' };
export const UNKNOWN: VpnObservation = { ...DOWN, health: 'unknown' };

/** The wire form of no emergency. */
export const NO_EMERGENCY: WireVpnState['emergency_mode'] = {
  active: false,
  failed_vpn: null,
  healthy_vpn: null,
  duration_seconds: 0,
};

/** The body of `GET /vpn/status` without a VPN. */
export const DISABLED_STATUS: WireVpnState = {
  mode: 'disabled',
  enabled: false,
  status: 'disabled',
  container_name: null,
  container: null,
  health: 'unknown',
  connected: false,
  forwarded_port: null,
  public_ip: null,
  provider: null,
  country: null,
  city: null,
  region: null,
  last_check: null,
  last_check_at: null,
  problem: null,
  vpn1: null,
  vpn2: null,
  emergency_mode: NO_EMERGENCY,
};

/** Docker with one container, which a test changes. */
export class FakeContainers implements VpnContainers {
  container: VpnContainer | null = { ...CONTAINER };
  failure: Error | undefined;
  readonly inspected: string[] = [];

  async inspect(name: string): Promise<VpnContainer | null> {
    this.inspected.push(name);
    if (this.failure) throw this.failure;
    return this.container && { ...this.container };
  }

  change(fields: Partial<VpnContainer>): void {
    this.container = { ...CONTAINER, ...this.container, ...fields };
  }
}

/** A VPN with an emulated Gluetun, on a clock that only the test advances. */
export function setUp(
  gluetun: EmulatedGluetun,
  options: Partial<VpnOptions & VpnSettings> = {},
  cacheOptions: CacheOptions = {},
) {
  const clock = new FakeClock();
  const cache = new Cache({ clock, staleIfErrorS: 30, ...cacheOptions });
  const containers = new FakeContainers();
  const errors: unknown[] = [];
  const merged = {
    containerName: 'gluetun',
    containers,
    controlUrl: null,
    controlPort: gluetun.port,
    apiKey: undefined,
    factTtlS: 60,
    cache,
    clock,
    onError: (error: unknown) => errors.push(error),
    ...options,
  };
  const vpn = createVpn(merged, merged);
  return { clock, cache, containers, errors, vpn };
}

/** How many requests a path has received. */
export function requestsTo(gluetun: EmulatedGluetun, path: string): number {
  return gluetun.requests.filter((request) => request === path).length;
}

/** Retries an assertion that depends on a real socket. */
export function until(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 4000, interval: 5 });
}
