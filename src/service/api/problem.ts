import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { LoadTimeoutError } from '../../library/cache/index.ts';
import { ProvisioningBlockedError } from '../engines/provisioner.ts';
import { type ErrorCode, RoundhouseError } from '../errors.ts';
import { toWireBlocked } from './views/status.ts';

/** Status and title of every error that a client can meet. */
export const PROBLEMS: Readonly<Record<ErrorCode, { status: number; title: string }>> = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  invalid_json: { status: 400, title: 'The body is not JSON' },
  reserved_label: { status: 400, title: 'A label is reserved' },
  ambiguous_key: { status: 400, title: 'More than one API key was sent' },
  port_out_of_range: { status: 400, title: 'The port is outside the configured range' },
  missing_key: { status: 401, title: 'An API key is needed' },
  wrong_key: { status: 401, title: 'The API key is wrong' },
  not_found: { status: 404, title: 'There is nothing at this path' },
  engine_not_found: { status: 404, title: 'There is no such engine' },
  stream_not_found: { status: 404, title: 'There is no such stream' },
  method_not_allowed: { status: 405, title: 'The method does not apply to this path' },
  port_taken: { status: 409, title: 'The port is taken' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Something went wrong here' },
  no_free_port: { status: 503, title: 'No port is free' },
  logs_unavailable: { status: 503, title: 'The logs cannot be read' },
  stats_unavailable: { status: 503, title: 'The figures could not be read' },
  public_ip_unknown: { status: 503, title: 'The public address is not known' },
  provisioning_blocked: { status: 503, title: 'No engine can be provisioned now' },
  provisioning_failed: { status: 503, title: 'The engine could not be provisioned' },
  image_missing: { status: 503, title: 'The engine image is not there' },
  runtime_unavailable: { status: 503, title: 'The engine runtime does not answer' },
  too_many_clients: { status: 503, title: 'Too many clients follow' },
  history_unavailable: { status: 503, title: 'The history cannot be read' },
  timeout: { status: 503, title: 'Reading took too long' },
};

export interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  detail: unknown;
  code: ErrorCode;
  requestId: string;
}

export function toProblem(code: ErrorCode, detail: unknown, requestId: string): Problem {
  return { type: 'about:blank', ...PROBLEMS[code], detail, code, requestId };
}

/** Fastify's own error codes in our terms; the rest goes by its status. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
};

/** Names the problem behind any error. Messages of unforeseen errors stay inside: they may tell too much. */
export function explain(error: FastifyError | Error): { code: ErrorCode; detail: unknown } {
  if (error instanceof RoundhouseError) return { code: error.code, detail: error.message };
  if (error instanceof LoadTimeoutError) return { code: 'timeout', detail: error.message };
  const { code = '', statusCode = 500 } = error as FastifyError;
  const known =
    FRAMEWORK_CODES[code] ?? (error instanceof SyntaxError && statusCode === 400 ? 'invalid_json' : null);
  if (known) return { code: known, detail: error.message };
  if (statusCode >= 400 && statusCode < 500) return { code: 'invalid_request', detail: error.message };
  return { code: 'internal_error', detail: 'The fault has been logged under this request id' };
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer realm="roundhouse"');
  if (problem.status === 503) reply.header('Retry-After', '2');
  // Not by the route's schema: a code that the route does not document would turn the reply into a 500.
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((payload: Problem) => JSON.stringify(payload))
    .send(problem);
}

/** The failures of provisioning that the existing client reads from a structured `detail`. */
const PROVISIONING_FAILURES: Partial<Record<ErrorCode, { eta: number | null; wait: boolean }>> = {
  provisioning_failed: { eta: 10, wait: true },
  runtime_unavailable: { eta: 5, wait: true },
  timeout: { eta: 5, wait: true },
  no_free_port: { eta: null, wait: false },
  image_missing: { eta: null, wait: false },
};

export type ErrorHandler = (
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply;

/** Turns errors into replies, and logs those that an operator should know of. */
export function createErrorHandler(log: FastifyBaseLogger): ErrorHandler {
  return (error, request, reply) => {
    const { code, detail } = explain(error);
    const problem = toProblem(code, detail, request.id);
    const { requestId, status } = problem;
    if (status === 500) log.error({ err: error, requestId }, 'a request failed unforeseen');
    else if (status > 500) log.debug({ err: error, requestId }, 'a request could not be answered');
    return sendProblem(reply, problem);
  };
}

/** As {@link createErrorHandler}, with the `detail` object of a refused provisioning. */
export function createProvisioningErrorHandler(log: FastifyBaseLogger): ErrorHandler {
  const handleError = createErrorHandler(log);
  return (error, request, reply) => {
    if (error instanceof ProvisioningBlockedError) {
      const detail = { error: 'provisioning_blocked', ...toWireBlocked(error.blocked) };
      return sendProblem(reply, toProblem(error.code, detail, request.id));
    }
    const { code, detail: message } = explain(error);
    const failure = PROVISIONING_FAILURES[code];
    if (!failure) return handleError(error, request, reply);
    log.warn({ err: error, requestId: request.id }, 'an engine could not be provisioned');
    const detail = {
      error: 'provisioning_failed',
      code,
      message,
      recovery_eta_seconds: failure.eta,
      can_retry: failure.wait,
      should_wait: failure.wait,
    };
    return sendProblem(reply, toProblem(code, detail, request.id));
  };
}
