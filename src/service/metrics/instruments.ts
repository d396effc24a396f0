import { Counter, Gauge, type Registry } from '@prometheus-io/client';

/** Brings figures up to date before a scrape, from what is at hand: it must not wait for anything. */
export type Refresh = () => void;

/** Declares a gauge. @returns what sets it. */
export function gauge(registry: Registry, name: string, help: string): (figure: number) => void {
  const made = new Gauge({ name, help, registers: [registry] });
  return (figure) => made.set(figure);
}

/** Declares a gauge with a figure for each value of its one label. @returns what sets them. */
export function gaugeBy<Value extends string>(
  registry: Registry,
  name: string,
  help: string,
  label: string,
): (figures: Readonly<Record<Value, number>>) => void {
  const made = new Gauge({ name, help, registers: [registry], labelNames: [label] });
  return (figures) => {
    for (const [value, figure] of Object.entries<number>(figures)) made.set({ [label]: value }, figure);
  };
}

/** Declares a counter of something that is counted elsewhere. @returns what sets it to that count. */
export function counter(registry: Registry, name: string, help: string): (count: number) => void {
  const made = new Counter({ name, help, registers: [registry] });
  return (count) => {
    made.reset();
    made.inc(count);
  };
}
