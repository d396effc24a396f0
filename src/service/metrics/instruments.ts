import { Counter, Gauge, type Registry } from '@prometheus-io/client';

/** Updates instruments before a scrape. Synchronous, because it reads only what is in memory. */
export type Refresh = () => void;

/** Declares a gauge. @returns a function that sets its value */
export function gauge(registry: Registry, name: string, help: string): (value: number) => void {
  const instrument = new Gauge({ name, help, registers: [registry] });
  return (value) => instrument.set(value);
}

/** Declares a gauge with one label. @returns a function that sets the value of each label value */
export function gaugeBy<LabelValue extends string>(
  registry: Registry,
  name: string,
  help: string,
  label: string,
): (values: Readonly<Record<LabelValue, number>>) => void {
  const instrument = new Gauge({ name, help, registers: [registry], labelNames: [label] });
  return (values) => {
    for (const [labelValue, value] of Object.entries<number>(values))
      instrument.set({ [label]: labelValue }, value);
  };
}

/** Declares a counter whose value is counted elsewhere. @returns a function that sets it to that count */
export function counter(registry: Registry, name: string, help: string): (count: number) => void {
  const instrument = new Counter({ name, help, registers: [registry] });
  return (count) => {
    instrument.reset();
    instrument.inc(count);
  };
}

/** Labels of a series and its value. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * Declares a gauge whose series come and go. The number of series must be bounded by the caller.
 * @returns a function that replaces all series
 */
export function gaugeOf(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
): (samples: Iterable<Sample>) => void {
  const instrument = new Gauge({ name, help, registers: [registry], labelNames: [...labelNames] });
  return (samples) => {
    instrument.reset();
    for (const [labels, value] of samples) instrument.set(labels, value);
  };
}

/** Like {@link gaugeOf}, for a counter whose values are counted elsewhere. */
export function counterOf(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
): (samples: Iterable<Sample>) => void {
  const instrument = new Counter({ name, help, registers: [registry], labelNames: [...labelNames] });
  return (samples) => {
    instrument.reset();
    for (const [labels, value] of samples) instrument.inc(labels, value);
  };
}
