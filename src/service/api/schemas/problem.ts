import { type Static, type TSchema, Type } from 'typebox';
import type { ErrorCode } from '../../errors.ts';
import { Nullable, oneOf } from './common.ts';
import { BLOCK_CODES } from './status.ts';

/** HTTP status and title of every error. */
export const PROBLEMS: Readonly<Record<ErrorCode, { status: number; title: string }>> = {
  invalid_request: { status: 400, title: 'Invalid request' },
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  reserved_label: { status: 400, title: 'The label is reserved' },
  reserved_variable: { status: 400, title: 'The environment variable is reserved' },
  ambiguous_key: { status: 400, title: 'More than one API key was sent' },
  port_out_of_range: { status: 400, title: 'The port is outside the configured range' },
  missing_key: { status: 401, title: 'An API key is required' },
  wrong_key: { status: 401, title: 'The API key is wrong' },
  invalid_config: { status: 400, title: 'The settings are not valid' },
  cross_site_request: { status: 403, title: 'The request comes from another site' },
  not_found: { status: 404, title: 'No such path' },
  engine_not_found: { status: 404, title: 'Engine not found' },
  invalid_settings: { status: 400, title: 'Engines cannot have these settings' },
  template_active: { status: 400, title: 'The template is active' },
  template_not_found: { status: 404, title: 'Template not found' },
  reprovisioning: { status: 409, title: 'All engines are being replaced already' },
  settings_not_stored: { status: 503, title: 'The settings cannot be stored' },
  stream_not_found: { status: 404, title: 'Stream not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  port_taken: { status: 409, title: 'The port is in use' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  host_not_allowed: { status: 421, title: 'The host is not allowed' },
  too_many_attempts: { status: 429, title: 'Too many wrong keys' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Internal error' },
  no_free_port: { status: 503, title: 'No port is free' },
  logs_unavailable: { status: 503, title: 'The logs cannot be read' },
  stats_unavailable: { status: 503, title: 'The resource usage cannot be read' },
  stream_unavailable: { status: 503, title: 'The engine of the stream does not answer' },
  public_ip_unknown: { status: 503, title: 'The public IP address is unknown' },
  provisioning_blocked: { status: 503, title: 'No engine can be provisioned now' },
  provisioning_failed: { status: 503, title: 'The engine could not be provisioned' },
  engine_exited: { status: 503, title: 'The engine exited right after its start' },
  image_missing: { status: 503, title: 'The engine image does not exist' },
  runtime_unavailable: { status: 503, title: 'The engine runtime is unavailable' },
  too_many_clients: { status: 503, title: 'Too many clients' },
  history_unavailable: { status: 503, title: 'The event log cannot be read' },
  invalid_manifest: { status: 400, title: 'The app cannot be installed like this' },
  script_failed: { status: 400, title: 'The script has failed' },
  app_not_found: { status: 404, title: 'App not found' },
  profile_not_found: { status: 404, title: 'Profile not found' },
  profile_exists: { status: 409, title: 'The profile exists already' },
  profile_in_use: { status: 409, title: 'The profile is in use' },
  profile_unavailable: { status: 503, title: 'The profile cannot be used' },
  session_not_found: { status: 404, title: 'Session not found' },
  app_exists: { status: 409, title: 'The app is installed already' },
  session_not_running: { status: 409, title: 'The session is not running' },
  app_not_stored: { status: 503, title: 'The app cannot be stored' },
  app_cache_unavailable: { status: 503, title: 'The cache of the app cannot be used' },
  app_start_failed: { status: 503, title: 'The app could not be started' },
  browser_crashed: { status: 503, title: 'Chromium has crashed' },
  page_crashed: { status: 503, title: 'The page has crashed' },
  memory_limit_exceeded: { status: 503, title: 'The session exceeded its memory limit' },
  owner_unreachable: { status: 502, title: 'The orchestrator of the session cannot be reached' },
  cluster_unavailable: { status: 503, title: 'Redis cannot be reached' },
  too_many_sessions: { status: 503, title: 'Too many sessions' },
  browser_unavailable: { status: 503, title: 'Chromium is not available' },
  timeout: { status: 503, title: 'Timed out' },
};

/** Errors of provisioning whose `detail` is a {@link RefusalSchema}. */
export const FAILURE_CODES = [
  'provisioning_failed',
  'runtime_unavailable',
  'timeout',
  'no_free_port',
  'image_missing',
  'engine_exited',
] as const satisfies readonly ErrorCode[];

/** The `detail` of a provisioning that was refused or has failed. */
export const RefusalSchema = Type.Object(
  {
    error: oneOf(['provisioning_blocked', 'provisioning_failed']),
    code: oneOf([...BLOCK_CODES, ...FAILURE_CODES], { description: 'The reason' }),
    message: Type.String(),
    recovery_eta_seconds: Nullable(
      Type.Integer({ minimum: 0, description: 'Seconds after which another attempt may succeed' }),
    ),
    can_retry: Type.Boolean({ description: 'Whether another attempt may succeed without intervention' }),
    should_wait: Type.Boolean({ description: 'Whether the client should wait and try again' }),
  },
  { title: 'ProvisioningRefusal' },
);

/** The `detail` of a provisioning that was refused or has failed. */
export type Refusal = Static<typeof RefusalSchema>;

const DetailSchema = Type.String({ description: 'What is wrong' });

/**
 * The body of an error.
 * @see https://www.rfc-editor.org/rfc/rfc9457.html
 */
export interface Problem {
  /** Errors are told apart by `code`, not by a URI. */
  type: 'about:blank';
  title: string;
  status: number;
  detail: Static<typeof DetailSchema> | Refusal;
  code: ErrorCode;
  /** The id under which the request is logged. */
  requestId: string;
}

/** A `application/problem+json` response of one status, as Fastify and OpenAPI describe it. */
export interface ProblemResponse {
  description: string;
  content: { 'application/problem+json': { schema: TSchema } };
}

/** Responses for the given errors, by status. */
export function problems(...codes: ErrorCode[]): Record<number, ProblemResponse> {
  return describeProblems(codes, DetailSchema);
}

/** Responses for the given errors of provisioning, by status. Their `detail` is a {@link RefusalSchema}. */
export function provisioningProblems(...codes: ErrorCode[]): Record<number, ProblemResponse> {
  return describeProblems(codes, RefusalSchema);
}

function describeProblems(codes: readonly ErrorCode[], detail: TSchema): Record<number, ProblemResponse> {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [status, describeProblem(status, group, detail)]),
  );
}

function describeProblem(status: number, codes: readonly ErrorCode[], detail: TSchema): ProblemResponse {
  const schema = Type.Object({
    type: Type.Literal('about:blank'),
    title: Type.String(),
    status: Type.Literal(status),
    detail,
    code: oneOf(codes),
    requestId: Type.String({ description: 'The id under which the request is logged' }),
  } satisfies Record<keyof Problem, TSchema>);
  const description = codes.map((code) => PROBLEMS[code].title).join('; ');
  return { description, content: { 'application/problem+json': { schema } } };
}

/** Security requirement of routes that need the API key, in either header. */
export const KEY_SECURITY = [{ key: [] }, { bearer: [] }];

/** Errors of {@link KEY_SECURITY}. */
export const KEY_CODES = [
  'ambiguous_key',
  'missing_key',
  'wrong_key',
  'cross_site_request',
] as const satisfies readonly ErrorCode[];

/** Errors of every write, before its own work begins. */
export const WRITE_CODES = [
  'invalid_request',
  'invalid_json',
  ...KEY_CODES,
  'body_too_large',
  'unsupported_media_type',
] as const satisfies readonly ErrorCode[];

/** Errors of reads that are loaded from the engine runtime. */
export const READ_CODES = ['runtime_unavailable', 'timeout'] as const satisfies readonly ErrorCode[];
