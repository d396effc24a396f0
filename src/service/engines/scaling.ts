/** What scaling considers of an engine. Times are readings of one clock, in milliseconds. */
export interface ScalableEngine {
  id: string;
  /** Whether a stream plays on it. */
  used: boolean;
  /** When its last stream ended, or it started; ignored while a stream plays. */
  idleSince: number;
  healthy: boolean;
  /** Whether it has the VPN's forwarded port, for which a new engine would have to be started. */
  forwarded: boolean;
}

/** Input of {@link decideScaling}. */
export interface ScalingState {
  now: number;
  engines: readonly ScalableEngine[];
  /** Number of engines being provisioned that the runtime has not reported yet. */
  pending: number;
  minReplicas: number;
  maxReplicas: number;
  /** Number of healthy engines without a stream to keep ready. */
  minFree: number;
  /** Whether idle engines above the minimum are removed. */
  autoDelete: boolean;
  /** How long an engine must be idle before it may be removed, in milliseconds. */
  graceMs: number;
  /** The number of engines requested explicitly, or null. */
  demand: number | null;
}

/** Engines to start and ids of engines to remove. One of the two is always empty. */
export interface ScalingDecision {
  provision: number;
  remove: string[];
}

/**
 * Decides how many engines to start, or which to remove. A pure function.
 *
 * Removals never go below the minimum or the number of free engines, so that no removal makes the next
 * decision start a replacement.
 */
export function decideScaling(state: ScalingState): ScalingDecision {
  const { engines, pending, minReplicas, maxReplicas, minFree, demand } = state;
  const total = engines.length + pending;
  const free = engines.filter(({ used, healthy }) => !used && healthy).length + pending;
  const missing = Math.max(minReplicas - total, minFree - free, (demand ?? 0) - total);
  if (missing > 0) return { provision: Math.max(0, Math.min(missing, maxReplicas - total)), remove: [] };

  const floor = Math.max(minReplicas, demand ?? 0);
  const surplus = Math.min(total - floor, free - minFree);
  return { provision: 0, remove: findRemovable(state).slice(0, Math.max(0, surplus)) };
}

/** Removable engines, longest idle first, forwarded ones last. An explicit demand skips the grace period. */
function findRemovable({ engines, autoDelete, graceMs, now, demand }: ScalingState): string[] {
  const mayGo = ({ idleSince }: ScalableEngine) =>
    demand !== null || (autoDelete && now - idleSince >= graceMs);
  return engines
    .filter((engine) => !engine.used && engine.healthy && mayGo(engine))
    .sort((a, b) => Number(a.forwarded) - Number(b.forwarded) || a.idleSince - b.idleSince)
    .map(({ id }) => id);
}
