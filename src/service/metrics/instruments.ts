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

/** A metric with one series for each value of a label. */
export interface SeriesOptions {
  registry: Registry;
  /** Put before the name. */
  prefix: string;
  name: string;
  help: string;
  label: string;
}

/** Sets all series of a metric by label value. Series that are not set end. */
export type SetSeries = (values: readonly (readonly [labelValue: string, value: number])[]) => void;

/** Declares a gauge whose label values come and go. */
export function gaugeSeries({ registry, prefix, name, help, label }: SeriesOptions): SetSeries {
  const instrument = new Gauge({ name: prefix + name, help, registers: [registry], labelNames: [label] });
  return (values) => {
    instrument.reset();
    for (const [labelValue, value] of values) instrument.set({ [label]: labelValue }, value);
  };
}

/** Declares a counter whose label values come and go, and whose values are counted elsewhere. */
export function counterSeries({ registry, prefix, name, help, label }: SeriesOptions): SetSeries {
  const instrument = new Counter({ name: prefix + name, help, registers: [registry], labelNames: [label] });
  return (values) => {
    instrument.reset();
    for (const [labelValue, value] of values) instrument.inc({ [label]: labelValue }, value);
  };
}
