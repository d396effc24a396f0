/**
 * Formats a time as RFC 3339 in UTC.
 * @param ms milliseconds since the epoch, or null if unknown
 */
export function toTime(ms: number): string;
export function toTime(ms: number | null): string | null;
export function toTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
