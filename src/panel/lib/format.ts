import { locale, t } from './i18n.ts';
/** Shown in place of a value that is not available. */
export const UNKNOWN = '–';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1.5 MB`: decimal units. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return UNKNOWN;
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${digits(value, unit === 0)} ${UNITS[unit]}`;
}

/** `1.5 MB/s`. */
export function formatRate(bytesPerS: number | null): string {
  return bytesPerS === null ? UNKNOWN : `${formatBytes(bytesPerS)}/s`;
}

/** `12.3 %`. */
export function formatPercent(percent: number | null): string {
  return percent === null ? UNKNOWN : `${digits(percent, false)} %`;
}

/** `12.3`. */
export function formatNumber(value: number | null): string {
  return value === null ? UNKNOWN : digits(value, Number.isInteger(value));
}

/** `12,345`. */
export function formatCount(count: number | null): string {
  return count === null ? UNKNOWN : Math.round(count).toLocaleString(locale());
}

/** `4 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null) return UNKNOWN;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joined(`${hours} h`, minutes % 60, 'min');
  return joined(`${Math.floor(hours / 24)} d`, hours % 24, 'h');
}

/** Short durations: `0.04 ms`, `12.3 ms`, `1.2 s`. */
export function formatLatency(seconds: number | null): string {
  if (seconds === null) return UNKNOWN;
  const ms = seconds * 1000;
  if (ms >= 999.5) return `${digits(seconds, false)} s`;
  return ms < 0.01 ? '< 0.01 ms' : `${ms < 0.1 ? ms.toFixed(2) : digits(ms, false)} ms`;
}

/** Local time of day; with the date if it is not that of `nowMs`. Both are milliseconds since the epoch. */
export function formatTime(ms: number, nowMs: number): string {
  const date = new Date(ms);
  const time = date.toLocaleTimeString(locale(), { hour12: false });
  const sameDay = date.toDateString() === new Date(nowMs).toDateString();
  return sameDay ? time : `${date.toLocaleDateString(locale(), { month: 'short', day: 'numeric' })}, ${time}`;
}

/** `2026-01-02 03:04:05 UTC`. */
export function formatUtc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const NOUNS = {
  engine: (n: string, one: boolean) => (one ? t('{n} engine', { n }) : t('{n} engines', { n })),
  node: (n: string, one: boolean) => (one ? t('{n} node', { n }) : t('{n} nodes', { n })),
  stream: (n: string, one: boolean) => (one ? t('{n} stream', { n }) : t('{n} streams', { n })),
  entry: (n: string, one: boolean) => (one ? t('{n} entry', { n }) : t('{n} entries', { n })),
  app: (n: string, one: boolean) => (one ? t('{n} app', { n }) : t('{n} apps', { n })),
  session: (n: string, one: boolean) => (one ? t('{n} session', { n }) : t('{n} sessions', { n })),
  profile: (n: string, one: boolean) => (one ? t('{n} profile', { n }) : t('{n} profiles', { n })),
  version: (n: string, one: boolean) => (one ? t('{n} version', { n }) : t('{n} versions', { n })),
  URL: (n: string, one: boolean) => (one ? t('{n} URL', { n }) : t('{n} URLs', { n })),
  'cold start': (n: string, one: boolean) => (one ? t('{n} cold start', { n }) : t('{n} cold starts', { n })),
  'warm start': (n: string, one: boolean) => (one ? t('{n} warm start', { n }) : t('{n} warm starts', { n })),
};

/** `3 engines`, `1 engine`. */
export function plural(count: number, noun: keyof typeof NOUNS): string {
  return NOUNS[noun](formatCount(count), count === 1);
}

function digits(value: number, whole: boolean): string {
  const fraction = whole || value >= 99.95 || value === 0 ? 0 : value < 0.995 ? 2 : 1;
  return value.toLocaleString(locale(), {
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
    useGrouping: false,
  });
}

function joined(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} ${rest} ${unit}`;
}
