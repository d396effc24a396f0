import type { IncomingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppCluster } from '../browser/cluster/app-cluster.ts';
import { urlOf } from '../browser/cluster/network.ts';
import { isLive, type RemoteSession } from '../browser/cluster/session-summary.ts';
import type { Sessions } from '../browser/sessions/sessions.ts';
import { RoundhouseError } from '../errors.ts';
import { StreamedRequests } from '../http-client/streamed-request.ts';

/** An `onRequest` hook that passes requests for a session on to the orchestrator that runs it. */
export type ForwardSession = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Set on forwarded requests, which are not forwarded again. */
const FORWARDED = 'x-roundhouse-forwarded';
const CONNECT_TIMEOUT_MS = 3000;
/** Longer than the deadline of a script. */
const HEADERS_TIMEOUT_MS = 75_000;
const REQUEST_HEADERS = ['accept', 'content-type', 'content-length', 'if-none-match', 'origin'];
/** Of one hop, as defined by RFC 9110, section 7.6.1. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer', 'date']);

/** What the forwarding works with. */
export interface ForwardingParts {
  /** Null if no other orchestrator shares sessions. */
  readonly cluster: AppCluster | null;
  /** The sessions of this orchestrator. */
  readonly sessions: Sessions;
  readonly apiKey: string;
}

/** Passes requests on between orchestrators. */
export class SessionForwarding {
  readonly #parts: ForwardingParts;
  readonly #closed = new AbortController();
  // A log that is followed may be silent for hours. The response ends when its orchestrator dies.
  readonly #requests = new StreamedRequests({
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    headersTimeoutMs: HEADERS_TIMEOUT_MS,
  });

  constructor(parts: ForwardingParts) {
    this.#parts = parts;
  }

  /**
   * Passes a request for a session of another orchestrator on, body and response in pieces as they arrive. Requests for
   * other sessions, and those that need no orchestrator, go to their route.
   * @throws RoundhouseError `owner_unreachable`, or `session_not_found` for a request that was forwarded already
   */
  readonly forward: ForwardSession = async (request, reply) => {
    const { cluster, sessions } = this.#parts;
    const { id } = request.params as { id?: string };
    if (!cluster || id === undefined || sessions.has(id)) return;
    // The orchestrator that forwarded it has outdated information.
    if (request.headers[FORWARDED] !== undefined) return sessions.require(id);
    const session = await cluster.locate(id);
    if (!session) return;
    const owner = cluster.ownerOf(session);
    if (!owner) return this.#answerOrphan(session, request);
    await this.#send(`${urlOf(owner)}${pathOf(request.raw.url)}`, cluster.lossOf(owner), request, reply);
    return reply;
  };

  /** Ends all requests. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#requests.close();
  }

  /** What is known of a session whose orchestrator has died can be read and removed. */
  #answerOrphan(session: RemoteSession, { method, routeOptions }: FastifyRequest): void {
    if (routeOptions.url === '/browser/sessions/:id' && method !== 'PATCH') return;
    if (isLive(session))
      throw new RoundhouseError(
        'owner_unreachable',
        'The record of the orchestrator that runs the session cannot be used: all orchestrators need the same API_KEY',
      );
    throw new RoundhouseError(
      'owner_unreachable',
      `The session cannot be reached: ${session.reason ?? 'it has ended'}`,
    );
  }

  async #send(url: string, lost: AbortSignal, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { method, raw } = request;
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, lost, this.#closed.signal]);
    const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE';
    const headers = {
      ...pick(request.headers),
      'x-api-key': this.#parts.apiKey,
      [FORWARDED]: this.#parts.cluster!.id,
    };
    const sent = this.#requests.send({ url, method, headers, signal, body: hasBody ? raw : undefined });
    const response = await sent.catch((cause: Error) => {
      throw new RoundhouseError(
        'owner_unreachable',
        `The orchestrator that runs the session cannot be reached at ${new URL(url).origin} (${cause.message}): check its CLUSTER_URL`,
        { cause },
      );
    });
    if (response.status === 401 || response.status === 421) {
      response.body.destroy();
      const reason = response.status === 401 ? 'API key: set the same API_KEY' : 'host: set ALLOWED_HOSTS';
      throw new RoundhouseError(
        'owner_unreachable',
        `The orchestrator that runs the session refuses the ${reason}`,
      );
    }
    reply.hijack();
    reply.raw.writeHead(response.status, withoutHop(response.headers));
    reply.raw.flushHeaders();
    // If it ends early, the connection is destroyed, so that the client does not take a part for the whole.
    await pipeline(response.body, reply.raw).catch(() => reply.raw.destroy());
  }
}

/** Path and query of a request. A client may also send a whole URL, whose host must not become part of ours. */
function pathOf(target = '/'): string {
  return target.replace(/^https?:\/\/[^/]*/i, '');
}

function pick(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    REQUEST_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );
}

function withoutHop(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}
