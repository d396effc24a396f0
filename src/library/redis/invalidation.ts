/** What one process tells the others of a namespace. */
export interface Invalidation {
  /** What it did to its cache and the others are to do to theirs, or `loaded`: who waits may look again. */
  readonly op: 'invalidate' | 'delete' | 'clear' | 'loaded';
  /** Keys that it speaks of; a glob. */
  readonly pattern: string;
  /** The process that did it, which need not be told; none where a script did it for the sake of all. */
  readonly from?: string;
}

/** A number that rises by one with each change, or 0 for what changes nothing, and the notice. */
export interface NumberedInvalidation {
  readonly number: number;
  readonly notice: Invalidation;
}

/** @returns undefined for what is no notice: a channel takes anything from anyone. */
export function parseInvalidation(message: string): NumberedInvalidation | undefined {
  const space = message.indexOf(' ');
  const number = Number(message.slice(0, space));
  if (space < 1 || !Number.isSafeInteger(number)) return undefined;
  try {
    const notice: unknown = JSON.parse(message.slice(space + 1));
    return isNotice(notice) ? { number, notice } : undefined;
  } catch {
    return undefined;
  }
}

function isNotice(value: unknown): value is Invalidation {
  if (typeof value !== 'object' || value === null) return false;
  const { op, pattern } = value as Record<string, unknown>;
  return (
    typeof pattern === 'string' && typeof op === 'string' && /^(invalidate|delete|clear|loaded)$/.test(op)
  );
}
