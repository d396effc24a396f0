import { Counter, Histogram, type Registry } from '@prometheus-io/client';

/** From what a warm local answer takes up to the longest deadline that the settings allow by default. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Notes a call that has ended, with how long it took. */
export type RecordCall = (kind: string, seconds: number, succeeded: boolean) => void;

/**
 * How long calls take and how many of them fail, by their kind: `<name>_seconds` and
 * `<name>_failures_total`. The caller sees to it that there are only so many kinds.
 */
export function callMetrics(
  registry: Registry,
  { name, label, what }: { name: string; label: string; what: string },
): RecordCall {
  const common = { registers: [registry], labelNames: [label] };
  const times = new Histogram({
    ...common,
    name: `${name}_seconds`,
    help: `How long ${what} took, failed ones included.`,
    buckets: BUCKETS_S,
  });
  const failures = new Counter({
    ...common,
    name: `${name}_failures_total`,
    help: `How many of ${what} failed.`,
  });
  return (kind, seconds, succeeded) => {
    times.observe({ [label]: kind }, seconds);
    // A failure rate needs the zero as well.
    failures.inc({ [label]: kind }, succeeded ? 0 : 1);
  };
}
