import { Counter, Histogram, type Registry } from '@prometheus-io/client';

/** From the duration of a fast local call to the longest timeout of the default settings. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Records a finished call of one kind and its duration. */
export type RecordCall = (kind: string, seconds: number, succeeded: boolean) => void;

/**
 * Declares `<name>_seconds` and `<name>_failures_total`: durations and failures of calls by kind. The number
 * of kinds must be bounded by the caller.
 * @param options.label name of the label for the kind
 * @param options.what the calls, for the help texts
 */
export function callMetrics(
  registry: Registry,
  { name, label, what }: { name: string; label: string; what: string },
): RecordCall {
  const common = { registers: [registry], labelNames: [label] };
  const durations = new Histogram({
    ...common,
    name: `${name}_seconds`,
    help: `Duration of ${what}, failed ones included.`,
    buckets: BUCKETS_S,
  });
  const failures = new Counter({
    ...common,
    name: `${name}_failures_total`,
    help: `Failed ${what}.`,
  });
  return (kind, seconds, succeeded) => {
    durations.observe({ [label]: kind }, seconds);
    // A failure rate needs the series to exist from the first call, with the value 0.
    failures.inc({ [label]: kind }, succeeded ? 0 : 1);
  };
}
