/** One sample of a scrape. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A metric family: all samples under one TYPE line. */
export interface Family {
  type: string;
  help: string;
  samples: Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const DECLARATION = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;

/**
 * Parses Prometheus text strictly: every sample belongs to the family declared last, families and series are
 * unique, counters are not negative, and the buckets of histograms are consistent.
 * @throws Error that names the invalid line or series
 */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the text does not end with a line feed');
  const families = new Map<string, Family>();
  const series = new Set<string>();
  let current = '';
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const [, kind, name = '', rest = ''] = DECLARATION.exec(line) ?? [];
    if (kind === 'HELP') {
      if (families.has(name)) throw new Error(`declared twice: ${name}`);
      families.set(name, { type: '', help: rest, samples: [] });
      current = name;
    } else if (kind === 'TYPE') {
      if (name !== current || !/^(counter|gauge|histogram|summary)$/.test(rest)) throw new Error(line);
      families.get(name)!.type = rest;
    } else {
      const sample = parseSample(line);
      const family = families.get(current);
      if (!family?.type || !namesOf(current, family.type).includes(sample.name))
        throw new Error(`astray: ${line}`);
      const id = identify(sample.name, sample.labels);
      if (series.has(id)) throw new Error(`twice: ${id}`);
      series.add(id);
      family.samples.push(sample);
    }
  }
  for (const [name, family] of families) check(name, family);
  return families;
}

/**
 * The value of one series.
 * @throws Error if there is no such series
 */
export function figure(
  families: Map<string, Family>,
  name: string,
  labels: Record<string, string> = {},
): number {
  const wanted = identify(name, labels);
  for (const { samples } of families.values()) {
    const found = samples.find((sample) => identify(sample.name, sample.labels) === wanted);
    if (found) return found.value;
  }
  throw new Error(`no series ${wanted}`);
}

function parseSample(line: string): Sample {
  const [, name, labelText = '', number = ''] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelText.length) {
    const [, label, value] = LABEL.exec(labelText) ?? [];
    if (label === undefined || label in labels) throw new Error(`bad labels: ${line}`);
    labels[label] = value!;
  }
  const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
  if (Number.isNaN(value)) throw new Error(`not a number: ${line}`);
  return { name, labels, value };
}

function namesOf(family: string, type: string): string[] {
  return type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => family + suffix) : [family];
}

function identify(name: string, labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${pairs.sort().join(',')}}`;
}

function check(name: string, { type, samples }: Family): void {
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`a counter without _total: ${name}`);
  if (type === 'counter' && samples.some(({ value }) => value < 0)) throw new Error(`below zero: ${name}`);
  if (type !== 'histogram') return;
  const reached = new Map<string, number>();
  for (const { name: part, labels, value } of samples) {
    const { le, ...rest } = labels;
    const id = identify(name, rest);
    if (part.endsWith('_bucket')) {
      if (le === undefined || value < (reached.get(id) ?? 0)) throw new Error(`buckets of ${id}`);
      reached.set(id, value);
    }
    if (part.endsWith('_count') && value !== reached.get(id)) throw new Error(`count of ${id}`);
  }
}
