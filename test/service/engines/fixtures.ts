import { EngineRegistry } from '../../../src/service/engines/registry.ts';
import { type DomainEvent, EventBus } from '../../../src/service/events/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeRuntime } from '../../support/service/fake-runtime.ts';

export const MONITOR_INTERVAL_S = 10;

/** A registry of a runtime in memory, not started, and all published events. */
export function createRegistry(options: { mapsPorts?: boolean } = {}) {
  const runtime = new FakeRuntime(options);
  const clock = new FakeClock();
  const bus = new EventBus();
  const events: DomainEvent[] = [];
  bus.subscribe((event) => events.push(event));
  const registry = new EngineRegistry({ runtime, bus, clock, monitorIntervalS: MONITOR_INTERVAL_S });
  /** Returns the types of the events since the last call. */
  const takeEvents = () => events.splice(0).map(({ type }) => type);
  return { runtime, clock, bus, events, registry, takeEvents };
}
