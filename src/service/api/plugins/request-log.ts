import { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify';

/** Each report is logged as the event of its stream. */
const STREAM_REPORT = /^\/events\/stream_/;

/**
 * Logs each write. Reads are not logged, because clients poll them. Errors are logged by the error handler.
 */
export class WriteLog extends LogController {
  readonly #log: FastifyBaseLogger;

  constructor(log: FastifyBaseLogger) {
    super();
    this.#log = log;
  }

  override incomingRequest(): void {}

  override requestCompleted(error: Error | null, request: FastifyRequest, reply: FastifyReply): void {
    const { method, url, id: requestId } = request;
    if (method === 'GET' || method === 'HEAD' || error) return;
    const ms = Math.round(reply.elapsedTime);
    const level = STREAM_REPORT.test(url) ? 'debug' : 'info';
    this.#log[level]({ requestId, method, url, status: reply.statusCode, ms }, 'write request');
  }
}
