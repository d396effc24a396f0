import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { LoadTimeoutError } from '../../library/cache/index.ts';
import { ProvisioningBlockedError } from '../engines/provisioner.ts';
import { type ErrorCode, RoundhouseError } from '../errors.ts';
import { type FAILURE_CODES, PROBLEMS, type Problem, type Refusal } from './schemas/problem.ts';
import { toWireBlocked } from './views/status.ts';

/** Creates the body of an error. */
export function toProblem(code: ErrorCode, detail: Problem['detail'], requestId: string): Problem {
  return { type: 'about:blank', ...PROBLEMS[code], detail, code, requestId };
}

/** Fastify's error codes. Other errors of Fastify are mapped by their status. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
};

/**
 * Maps any error to a code and a detail. The message of an unexpected error is withheld: it may contain
 * secrets.
 */
function explain(error: FastifyError | Error): { code: ErrorCode; detail: string } {
  if (error instanceof RoundhouseError) return { code: error.code, detail: error.message };
  if (error instanceof LoadTimeoutError) return { code: 'timeout', detail: error.message };
  const { code = '', statusCode = 500 } = error as FastifyError;
  const known =
    FRAMEWORK_CODES[code] ?? (error instanceof SyntaxError && statusCode === 400 ? 'invalid_json' : null);
  if (known) return { code: known, detail: error.message };
  if (statusCode >= 400 && statusCode < 500) return { code: 'invalid_request', detail: error.message };
  return { code: 'internal_error', detail: 'The error is in the log, under this request id' };
}

/** For a source that does not respond. */
const DEFAULT_RETRY_S = 2;

/** Sends an error. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer realm="roundhouse"');
  const waitS = retryAfterS(problem);
  if (waitS !== null) reply.header('Retry-After', String(waitS));
  // Without the route's schema, which would turn a code that it does not list into a 500.
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((payload: Problem) => JSON.stringify(payload))
    .send(problem);
}

/** Seconds after which the request may succeed, as the body says if it does; null if waiting does not help. */
function retryAfterS({ status, detail }: Problem): number | null {
  if (status !== 503) return null;
  return typeof detail === 'string' ? DEFAULT_RETRY_S : detail.recovery_eta_seconds;
}

/** The failures of provisioning, and whether and when another attempt may succeed. */
const FAILURES: Readonly<Record<FailureCode, { etaS: number | null; wait: boolean }>> = {
  provisioning_failed: { etaS: 10, wait: true },
  runtime_unavailable: { etaS: 5, wait: true },
  timeout: { etaS: 5, wait: true },
  no_free_port: { etaS: null, wait: false },
  image_missing: { etaS: null, wait: false },
  engine_exited: { etaS: 10, wait: true },
};

type FailureCode = (typeof FAILURE_CODES)[number];

function isFailure(code: ErrorCode): code is FailureCode {
  return Object.hasOwn(FAILURES, code);
}

/** Replies to a request that has failed. */
export type ErrorHandler = (
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply;

/** Creates an error handler that replies with a problem, and logs errors that concern the operator. */
export function createErrorHandler(log: FastifyBaseLogger): ErrorHandler {
  return (error, request, reply) => {
    const { code, detail } = explain(error);
    const problem = toProblem(code, detail, request.id);
    const { requestId, status } = problem;
    if (status === 500) log.error({ err: error, requestId }, 'unexpected error');
    else if (status > 500) log.debug({ err: error, requestId }, 'request failed');
    return sendProblem(reply, problem);
  };
}

/**
 * As {@link createErrorHandler}. The `detail` of a provisioning that was refused or has failed is a {@link
 * Refusal}.
 */
export function createProvisioningErrorHandler(log: FastifyBaseLogger): ErrorHandler {
  const handleError = createErrorHandler(log);
  return (error, request, reply) => {
    if (error instanceof ProvisioningBlockedError) {
      const detail: Refusal = { error: 'provisioning_blocked', ...toWireBlocked(error.blocked) };
      return sendProblem(reply, toProblem(error.code, detail, request.id));
    }
    const { code, detail: message } = explain(error);
    if (!isFailure(code)) return handleError(error, request, reply);
    log.warn({ err: error, requestId: request.id }, 'provisioning failed');
    const { etaS, wait } = FAILURES[code];
    const detail: Refusal = {
      error: 'provisioning_failed',
      code,
      message,
      recovery_eta_seconds: etaS,
      can_retry: wait,
      should_wait: wait,
    };
    return sendProblem(reply, toProblem(code, detail, request.id));
  };
}
