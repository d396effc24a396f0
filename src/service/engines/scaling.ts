/** An engine as far as scaling is concerned. Times are readings of one clock, in milliseconds. */
export interface ScalableEngine {
  id: string;
  /** Whether a stream plays on it. */
  used: boolean;
  /** Since when it has had no stream; meaningless while it has one. */
  idleSince: number;
  healthy: boolean;
  /** Whether it has the VPN's forwarded port: a new one would have to be made for that. */
  forwarded: boolean;
}

/** All that scaling is decided from. */
export interface ScalingState {
  now: number;
  engines: readonly ScalableEngine[];
  /** Engines being provisioned, which the runtime has not told of yet. */
  pending: number;
  minReplicas: number;
  maxReplicas: number;
  /** Engines without a stream that are kept ready. */
  minFree: number;
  /** Whether idle engines above what is needed are removed. */
  autoDelete: boolean;
  /** How long an engine is idle before it may be removed, in milliseconds. */
  graceMs: number;
  /** A number of engines asked for explicitly, or null. */
  demand: number | null;
}

/** What to do next. Never both: a pass that provisions removes nothing. */
export interface ScalingDecision {
  provision: number;
  remove: string[];
}

/**
 * Decides how many engines to start, or which to remove. Reads and changes nothing.
 *
 * What is removed leaves the minimum and the free engines whole, so that no removal makes the next decision
 * start an engine in its place.
 */
export function decideScaling(state: ScalingState): ScalingDecision {
  const { engines, pending, minReplicas, maxReplicas, minFree, demand } = state;
  const total = engines.length + pending;
  const free = engines.filter(({ used, healthy }) => !used && healthy).length + pending;
  const lacking = Math.max(minReplicas - total, minFree - free, (demand ?? 0) - total);
  if (lacking > 0) return { provision: Math.max(0, Math.min(lacking, maxReplicas - total)), remove: [] };

  const floor = Math.max(minReplicas, demand ?? 0);
  const spare = Math.min(total - floor, free - minFree);
  return { provision: 0, remove: findRemovable(state).slice(0, Math.max(0, spare)) };
}

/** Engines that may go, longest idle first, a forwarded one last. An explicit demand waits for no grace. */
function findRemovable({ engines, autoDelete, graceMs, now, demand }: ScalingState): string[] {
  const rested = ({ idleSince }: ScalableEngine) =>
    demand !== null || (autoDelete && now - idleSince >= graceMs);
  return engines
    .filter((engine) => !engine.used && engine.healthy && rested(engine))
    .sort((a, b) => Number(a.forwarded) - Number(b.forwarded) || a.idleSince - b.idleSince)
    .map(({ id }) => id);
}
