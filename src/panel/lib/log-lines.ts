/** Which lines of a log are shown. */
export interface LogFilter {
  /** Text that a line contains, whatever its case. */
  text: string;
  level: 'all' | 'warnings' | 'errors';
}

const ERROR = /\b(?:error|fatal|critical|exception|traceback|panic)\b/i;
const WARNING = /\bwarn(?:ing)?\b/i;

/** Returns the lines that match a filter. Lines do not name their level in one way, so words decide. */
export function filterLog(log: string, { text, level }: LogFilter): string[] {
  const lines = log.replace(/\n$/, '').split('\n');
  const search = text.trim().toLowerCase();
  return lines.filter((line) => {
    if (search !== '' && !line.toLowerCase().includes(search)) return false;
    if (level === 'all') return true;
    return ERROR.test(line) || (level === 'warnings' && WARNING.test(line));
  });
}
