type Kind = 'text' | 'integer' | 'flag' | 'time' | 'texts';

const CHECKS: Record<Kind, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  integer: Number.isInteger,
  flag: (value) => typeof value === 'boolean',
  time: (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value),
  texts: (value) => Array.isArray(value) && value.every((part) => typeof part === 'string'),
};

/** The fields of an engine that the client decodes. */
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
/** The fields of a stream that the client decodes. */
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
/** The fields of a refused provisioning that the client decodes. */
export const REFUSAL = {
  error: 'text',
  code: 'text',
  message: 'text',
  recovery_eta_seconds: 'integer',
  can_retry: 'flag',
  should_wait: 'flag',
} as const;
/** The fields of a provisioned engine that the client decodes. */
export const PROVISIONED = {
  container_id: 'text',
  container_name: 'text',
  host_http_port: 'integer',
  container_http_port: 'integer',
  container_https_port: 'integer',
} as const;

/**
 * Decodes an object as the client does, which is written in Go. Missing and null fields are ignored. A field of
 * another type, a fractional number or a time in another format is an error.
 * @throws Error that names the field
 */
export function decode<T>(value: unknown, shape: Record<string, Kind>): T {
  if (typeof value !== 'object' || value === null) throw new Error(`not an object: ${JSON.stringify(value)}`);
  for (const [field, kind] of Object.entries(shape)) {
    const part = (value as Record<string, unknown>)[field] ?? null;
    if (part !== null && !CHECKS[kind](part))
      throw new Error(`${field} is not of type ${kind}: ${JSON.stringify(part)}`);
  }
  return value as T;
}
