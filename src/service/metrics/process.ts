import type { Registry } from '@prometheus-io/client';
import type { Delays, EventLoopDelay } from './event-loop.ts';
import { counter, gauge, type Refresh } from './instruments.ts';

const DELAYS = ['mean', 'p50', 'p90', 'p99', 'max'] as const satisfies (keyof Delays)[];

/**
 * The process itself, under the names that dashboards know. The library's own set is not used: it reads
 * files of /proc at each scrape, and starts timers that nothing stops.
 */
export function processMetrics(registry: Registry, eventLoop: EventLoopDelay): Refresh {
  const setStart = gauge(
    registry,
    'process_start_time_seconds',
    'When the process started, since the epoch.',
  );
  setStart(Math.round(Date.now() / 1000 - process.uptime()));
  const setCpu = counter(registry, 'process_cpu_seconds_total', 'CPU time of the process.');
  const setResident = gauge(registry, 'process_resident_memory_bytes', 'Resident memory.');
  const setHeap = gauge(registry, 'nodejs_heap_size_total_bytes', 'Size of the heap.');
  const setHeapUsed = gauge(registry, 'nodejs_heap_size_used_bytes', 'Heap in use.');
  const setExternal = gauge(registry, 'nodejs_external_memory_bytes', 'Memory that objects hold elsewhere.');
  const delays = DELAYS.map((figure) => {
    const help = `Delay of the event loop over the last 30 to 60 seconds: ${figure}.`;
    return { figure, set: gauge(registry, `nodejs_eventloop_lag_${figure}_seconds`, help) };
  });
  return () => {
    const { user, system } = process.cpuUsage();
    setCpu((user + system) / 1e6);
    const memory = process.memoryUsage();
    setResident(memory.rss);
    setHeap(memory.heapTotal);
    setHeapUsed(memory.heapUsed);
    setExternal(memory.external);
    const delay = eventLoop.read();
    for (const { figure, set } of delays) set(delay[figure]);
  };
}
