import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import type { Api } from './context.ts';
import { endConnectionsOnClose } from './plugins/connections.ts';
import type { CommonHeaders } from './plugins/headers.ts';
import { lazySchemas } from './plugins/lazy-schemas.ts';
import { parseParameters } from './plugins/parameters.ts';
import { handleInTurn } from './plugins/pipelining.ts';
import { WriteLog } from './plugins/request-log.ts';
import { createErrorHandler, toProblem } from './problem.ts';
import { PROBLEMS } from './schemas/problem.ts';

const BODY_LIMIT = 64 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 72_000;
/** Stream ids may contain a magnet link with its trackers. Same as the limit of Node.js on headers. */
const MAX_PATH_PARAMETER_LENGTH = 16 * 1024;

/**
 * Creates a server without routes, with limits, validation and error handling.
 * @param commonHeaders added to responses that are sent before any hook runs
 * @param basePath removed from the beginning of URLs, if it is there
 */
export function createServer(log: FastifyBaseLogger, commonHeaders: CommonHeaders, basePath = ''): Api {
  const handleError = createErrorHandler(log);
  const api = Fastify({
    // Fastify would create a logger per request, which costs as much as a cache hit. Log lines contain the
    // request id.
    logger: false,
    logController: new WriteLog(log),
    ...(basePath !== '' && { rewriteUrl: ({ url = '/' }: IncomingMessage) => removePrefix(url, basePath) }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_LENGTH, ignoreTrailingSlash: true },
    ajv: {
      // Fastify's defaults turn "5" into 5 and remove unknown fields, so a caller's mistake would go
      // unnoticed.
      customOptions: { coerceTypes: false, removeAdditional: false },
    },
    schemaController: lazySchemas(),
    frameworkErrors: (error, request, reply) => handleError(error, request, reply.headers(commonHeaders)),
    clientErrorHandler: (error, socket) => answerParserError(error, socket, commonHeaders),
  }).withTypeProvider<TypeBoxTypeProvider>();
  api.setErrorHandler(handleError);
  api.removeContentTypeParser('text/plain');
  handleInTurn(api);
  endConnectionsOnClose(api);
  parseParameters(api);
  return api;
}

/** Replies to what the HTTP parser rejects, for which there is no request. */
function answerParserError(
  error: Error & { code?: string },
  socket: Socket,
  commonHeaders: CommonHeaders,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'invalid_request';
  const body = JSON.stringify(toProblem(code, 'The request could not be parsed', 'none'));
  const { status, title } = PROBLEMS[code];
  const headers = {
    ...commonHeaders,
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`);
}

/** Removes BASE_PATH. A proxy may have removed it already, and probes come without it. */
function removePrefix(url: string, prefix: string): string {
  if (!url.startsWith(prefix)) return url;
  const rest = url.slice(prefix.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : url;
}
