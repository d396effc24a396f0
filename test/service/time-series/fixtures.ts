import type { ResourceSample } from '../../../src/service/engines/runtime.ts';
import { COLUMN_NAMES, type Point } from '../../../src/service/time-series/columns.ts';

/** A point in which all other values are unknown. */
export function point(values: Partial<Point>): Point {
  return { ...(Object.fromEntries(COLUMN_NAMES.map((column) => [column, null])) as Point), ...values };
}

/** A sample of an engine that started at 1000 s, taken at `timeS`; all counters have the same value. */
export function sampleAt(
  timeS: number,
  counter: number,
  change: Partial<ResourceSample> = {},
): ResourceSample {
  return {
    takenAt: timeS * 1000,
    startedAt: 1_000_000,
    cpuNs: counter,
    memoryUsage: 100,
    memoryLimit: 1000,
    networkRx: counter,
    networkTx: counter,
    blockRead: counter,
    blockWrite: counter,
    networkNamespace: 'a',
    ...change,
  };
}
