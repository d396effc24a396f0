import type { Config } from '../config/config.ts';
import { CircuitBreaker } from '../engines/breaker.ts';
import { HealthMonitor } from '../engines/health.ts';
import { EngineRegistry } from '../engines/registry.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import { EngineUsageReader } from '../engines/usage.ts';
import type { Infrastructure } from './infrastructure.ts';

/** The engines: their registry, resource usage, health, and the circuit breakers of provisioning. */
export type Engines = ReturnType<typeof createEngines>;

/** Creates what observes the engines. Nothing here starts or removes one. */
export function createEngines(config: Config, runtime: EngineRuntime, { bus, clock }: Infrastructure) {
  const registry = new EngineRegistry({ runtime, bus, clock, monitorIntervalS: config.monitorIntervalS });
  const usage = new EngineUsageReader(runtime, registry, clock);
  const createBreaker = (name: 'general' | 'replacement') => {
    const breaker = new CircuitBreaker({
      clock,
      failureThreshold: config.breakerFailureThreshold,
      recoveryTimeoutS: config.breakerRecoveryTimeoutS,
      onChange: () => bus.publish({ type: 'breaker_changed', breaker: name, state: breaker.state }),
    });
    return breaker;
  };
  const breakers = { general: createBreaker('general'), replacement: createBreaker('replacement') };
  const health = new HealthMonitor({
    registry,
    clock,
    get intervalS() {
      return config.healthCheckIntervalS;
    },
    failureThreshold: config.healthFailureThreshold,
    startupTimeoutS: config.startupTimeoutS,
  });
  bus.subscribe((event) => {
    if (event.type === 'engine_started' && !registry.get(event.engineId)?.paused)
      health.watch(event.engineId);
    if (event.type === 'engine_stopped') health.unwatch(event.engineId);
    if (event.type === 'engine_changed' && event.change === 'paused') {
      // One that is resumed gets the time to respond that a new one gets.
      if (event.paused) health.unwatch(event.engineId);
      else health.watch(event.engineId);
    }
    if ((event.type === 'stream_started' || event.type === 'stream_ended') && event.engineId !== null)
      registry.update(event.engineId, { lastStreamUsage: Date.now() });
  });
  return { runtime, registry, usage, breakers, health };
}
