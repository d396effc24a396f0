type Kind = 'text' | 'integer' | 'flag' | 'time' | 'texts';

const CHECKS: Record<Kind, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  integer: Number.isInteger,
  flag: (value) => typeof value === 'boolean',
  time: (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value),
  texts: (value) => Array.isArray(value) && value.every((part) => typeof part === 'string'),
};

/** The fields that the client reads of each answer. */
export const ENGINE = {
  container_id: 'text',
  container_name: 'text',
  host: 'text',
  port: 'integer',
  forwarded: 'flag',
  first_seen: 'time',
  last_seen: 'time',
  health_status: 'text',
  last_health_check: 'time',
  last_stream_usage: 'time',
  streams: 'texts',
} as const;
export const STREAM = {
  id: 'text',
  container_id: 'text',
  stat_url: 'text',
  command_url: 'text',
  is_live: 'flag',
  started_at: 'time',
  ended_at: 'time',
  status: 'text',
} as const;
export const REFUSAL = {
  error: 'text',
  code: 'text',
  message: 'text',
  recovery_eta_seconds: 'integer',
  can_retry: 'flag',
  should_wait: 'flag',
} as const;
export const PROVISIONED = {
  container_id: 'text',
  container_name: 'text',
  host_http_port: 'integer',
  container_http_port: 'integer',
  container_https_port: 'integer',
} as const;

/**
 * Reads an object as the client does, which is written in Go: a field that is missing or null is passed over,
 * and one of another type, a number with a fraction or a time in another format makes the answer unreadable.
 * @throws Error that names the field
 */
export function decode<T>(value: unknown, shape: Record<string, Kind>): T {
  if (typeof value !== 'object' || value === null) throw new Error(`no object: ${JSON.stringify(value)}`);
  for (const [field, kind] of Object.entries(shape)) {
    const part = (value as Record<string, unknown>)[field] ?? null;
    if (part !== null && !CHECKS[kind](part))
      throw new Error(`${field} is no ${kind}: ${JSON.stringify(part)}`);
  }
  return value as T;
}
