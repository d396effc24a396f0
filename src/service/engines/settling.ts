import type { Clock } from '../../library/cache/index.ts';
import type { EventBus } from '../events/events.ts';
import type { EngineRegistry } from './registry.ts';

/**
 * Waits until an engine that has just started has stopped, is healthy, or has run for `waitMs`.
 * @returns whether it still runs
 */
export async function staysUp(
  id: string,
  waitMs: number,
  { registry, bus, clock }: { registry: EngineRegistry; bus: EventBus; clock: Clock },
): Promise<boolean> {
  const isSettled = () => registry.get(id)?.health !== 'unknown';
  if (waitMs <= 0 || isSettled()) return registry.get(id) !== undefined;
  const { promise, resolve } = Promise.withResolvers<void>();
  const unsubscribe = bus.subscribe(() => {
    if (isSettled()) resolve();
  });
  const cancel = clock.after(waitMs, resolve);
  await promise;
  unsubscribe();
  cancel();
  return registry.get(id) !== undefined;
}
