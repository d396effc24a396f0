import type { Clock } from '../../library/cache/index.ts';
import type { EventBus } from '../events/events.ts';
import type { EngineRegistry } from './registry.ts';

/** Whether an engine runs, and with which code its program has exited, if that is known. */
export interface Settled {
  runs: boolean;
  exitCode?: number | undefined;
}

/** Waits until an engine that has just started has stopped, is healthy, or has run for `waitMs`. */
export async function settle(
  id: string,
  waitMs: number,
  { registry, bus, clock }: { registry: EngineRegistry; bus: EventBus; clock: Clock },
): Promise<Settled> {
  const isSettled = () => registry.get(id)?.health !== 'unknown';
  if (waitMs <= 0 || isSettled()) return { runs: registry.get(id) !== undefined };
  const { promise, resolve } = Promise.withResolvers<void>();
  let exitCode: number | undefined;
  const unsubscribe = bus.subscribe((event) => {
    if (event.type === 'engine_stopped' && event.engineId === id) exitCode = event.exitCode;
    if (isSettled()) resolve();
  });
  const cancel = clock.after(waitMs, resolve);
  await promise;
  unsubscribe();
  cancel();
  return { runs: registry.get(id) !== undefined, exitCode };
}
