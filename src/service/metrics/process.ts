import type { Registry } from '@prometheus-io/client';
import type { Delays, EventLoopDelay } from './event-loop.ts';
import { counter, gauge, type Refresh } from './instruments.ts';

const DELAYS = ['mean', 'p50', 'p90', 'p99', 'max'] as const satisfies (keyof Delays)[];

/**
 * Declares metrics of the process under the usual names of Prometheus clients. The client library's own
 * default metrics are not used: they read files of /proc at each scrape and start timers that cannot be
 * stopped.
 */
export function processMetrics(registry: Registry, eventLoop: EventLoopDelay): Refresh {
  const setStart = gauge(
    registry,
    'process_start_time_seconds',
    'Start time of the process, in seconds since the epoch.',
  );
  setStart(Math.round(Date.now() / 1000 - process.uptime()));
  const setCpu = counter(registry, 'process_cpu_seconds_total', 'User and system CPU time of the process.');
  const setResident = gauge(registry, 'process_resident_memory_bytes', 'Resident memory of the process.');
  const setHeap = gauge(registry, 'nodejs_heap_size_total_bytes', 'Size of the heap.');
  const setHeapUsed = gauge(registry, 'nodejs_heap_size_used_bytes', 'Heap in use.');
  const setExternal = gauge(
    registry,
    'nodejs_external_memory_bytes',
    'Memory of C++ objects bound to JavaScript objects.',
  );
  const delays = DELAYS.map((statistic) => {
    const help = `Delay of the event loop over the last 30 to 60 seconds: ${statistic}.`;
    return { statistic, set: gauge(registry, `nodejs_eventloop_lag_${statistic}_seconds`, help) };
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
    for (const { statistic, set } of delays) set(delay[statistic]);
  };
}
