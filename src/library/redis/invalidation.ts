/** What a process publishes to the other processes of a namespace. */
export interface Invalidation {
  /**
   * The call that the other processes repeat on their memory, or `loaded`: a load has ended, so that processes
   * waiting for it can read the value now. `loaded` changes nothing.
   */
  readonly op: 'invalidate' | 'delete' | 'clear' | 'loaded';
  /** A key for `delete` and `loaded`, else a glob. `*` with `tags`, for processes that do not support them. */
  readonly pattern: string;
  /** Tags of the values, instead of `pattern`, for `invalidate` and `clear`. */
  readonly tags?: readonly string[];
  /** ID of the process that published it, which ignores it. Absent if a script applies it to every process. */
  readonly from?: string;
}

/** An invalidation with its number. */
export interface NumberedInvalidation {
  /** Increases by 1 with each change of the namespace; 0 for `loaded`, which is not a change. */
  readonly number: number;
  readonly invalidation: Invalidation;
}

/**
 * Parses a message of the channel.
 * @returns undefined for any other text; anyone can publish to a channel
 */
export function parseInvalidation(message: string): NumberedInvalidation | undefined {
  const space = message.indexOf(' ');
  const number = Number(message.slice(0, space));
  if (space < 1 || !Number.isSafeInteger(number)) return undefined;
  try {
    const invalidation: unknown = JSON.parse(message.slice(space + 1));
    return isInvalidation(invalidation) ? { number, invalidation } : undefined;
  } catch {
    return undefined;
  }
}

function isInvalidation(value: unknown): value is Invalidation {
  if (typeof value !== 'object' || value === null) return false;
  const { op, pattern, tags } = value as Record<string, unknown>;
  return (
    typeof pattern === 'string' &&
    typeof op === 'string' &&
    /^(invalidate|delete|clear|loaded)$/.test(op) &&
    (tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')))
  );
}
