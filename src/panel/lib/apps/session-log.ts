/** Severity of a line in the log of a session. */
export type LogLevel = 'error' | 'warning' | 'info' | 'debug';

/** Levels to choose from: each includes those before it. */
export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warning', 'info', 'debug'];

/** An entry of the log. Its text may have several lines. */
export interface LogEntry {
  /** RFC 3339; empty for lines before the first entry. */
  time: string;
  /** Kind of the message, as in the browser's console, such as `log`. */
  kind: string;
  text: string;
}

const HEAD = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) \[([\w-]+)\] (.*)$/;
const KINDS: Readonly<Record<string, LogLevel>> = {
  error: 'error',
  exception: 'error',
  assert: 'error',
  warning: 'warning',
  debug: 'debug',
  trace: 'debug',
  timeEnd: 'debug',
};

/** Splits a log into its entries. Lines without a head continue the entry before them, as in stack traces. */
export function parseLog(text: string): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const line of text.split('\n')) {
    const [, time, kind, rest] = HEAD.exec(line) ?? [];
    const last = entries.at(-1);
    if (time !== undefined) entries.push({ time, kind: kind!, text: rest! });
    else if (last) last.text += `\n${line}`;
    else if (line !== '') entries.push({ time: '', kind: 'log', text: line });
  }
  for (const entry of entries) entry.text = entry.text.replace(/\n+$/, '');
  return entries;
}

/** Severity of an entry. */
export function levelOf({ kind }: Pick<LogEntry, 'kind'>): LogLevel {
  return KINDS[kind] ?? 'info';
}

/** The entries of a level and of those that are more severe. */
export function ofLevel(entries: readonly LogEntry[], level: LogLevel): LogEntry[] {
  const limit = LOG_LEVELS.indexOf(level);
  return entries.filter((entry) => LOG_LEVELS.indexOf(levelOf(entry)) <= limit);
}
