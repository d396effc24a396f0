import type { ResourceSample } from '../../../src/service/engines/runtime.ts';
import { COLUMN_NAMES, type Point } from '../../../src/service/time-series/columns.ts';

/** A point of which nothing is known but what is given. */
export function point(known: Partial<Point>): Point {
  return { ...(Object.fromEntries(COLUMN_NAMES.map((column) => [column, null])) as Point), ...known };
}

/** An engine that started at 1000 s, sampled at a time in seconds; all of its counters read the same. */
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
