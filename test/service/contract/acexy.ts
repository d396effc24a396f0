import { randomUUID } from 'node:crypto';
import type { Session } from '../../support/service/emulated-engine.ts';
import { decode, ENGINE, PROVISIONED, REFUSAL, STREAM } from './decode.ts';

/** Timeout of every call of the client, provisioning included. */
export const CALL_TIMEOUT_MS = 3000;
const PROVISION_ATTEMPTS = 3;
/** How long the client waits for a provisioned engine before it plays there, in seconds. */
const ENGINE_START_S = 5;
const ENGINES_TTL_MS = 2000;

/** The fields of an engine that the client reads. */
export interface Engine {
  container_id: string;
  host: string;
  port: number;
  forwarded: boolean;
  health_status: string;
  last_stream_usage: string | null;
}

/** The fields of a refused provisioning that the client reads. */
export interface Refusal {
  code: string;
  recovery_eta_seconds: number | null;
  should_wait: boolean;
}

interface Provisioning {
  can_provision?: boolean;
  blocked_reason_details?: Refusal | null;
}

/** A call to the service and its outcome. */
export interface Call {
  request: string;
  /** Null if the call timed out. */
  status: number | null;
  ms: number;
}

/** A stream that the client plays. */
export interface Play {
  streamId: string;
  engine: { host: string; port: number; containerId: string };
  session: Session;
}

/** The service refused to provision an engine. */
export class RefusedError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`provisioning ${refusal.code}`);
    this.refusal = refusal;
  }
}

/** Waits some seconds before the next attempt, or until an engine serves on a port. */
export type Wait = (seconds: number, enginePort?: number) => Promise<void>;

/**
 * Makes the same calls as Acexy, the AceStream proxy that operators run: it chooses engines, provisions them,
 * waits, and reports streams. It discards what it plays.
 */
export class Acexy {
  readonly calls: Call[] = [];
  readonly #base: string;
  readonly #key: string;
  readonly #wait: Wait;
  readonly #streamsPerEngine: number;
  #provisioning: Provisioning | undefined;
  #engines: { list: Engine[]; readAt: number } | undefined;

  constructor(options: { url: string; key: string; wait: Wait; streamsPerEngine?: number }) {
    this.#base = options.url;
    this.#key = options.key;
    this.#wait = options.wait;
    this.#streamsPerEngine = options.streamsPerEngine ?? 1;
  }

  /** Called every 30 s, without the key. An error response means that nothing can be provisioned. */
  async updateStatus(): Promise<void> {
    const { body } = await this.#call('GET', '/orchestrator/status', { withKey: false });
    const { provisioning = {}, capacity = {}, vpn = {} } = body as Record<string, object>;
    decode(capacity, { total: 'integer', used: 'integer', available: 'integer' });
    decode(vpn, { connected: 'flag' });
    const known = decode<Provisioning>(provisioning, { can_provision: 'flag', blocked_reason: 'text' });
    if (known.blocked_reason_details) decode(known.blocked_reason_details, REFUSAL);
    this.#provisioning = known;
  }

  /**
   * Chooses an engine, opens a session there and reports it.
   * @throws RefusedError if provisioning is refused, Error if no engine can be provisioned
   */
  async play(infohash: string): Promise<Play> {
    const engine = await this.choose();
    const query = new URLSearchParams({ infohash, format: 'json', pid: randomUUID() });
    const reply = await fetch(`http://${engine.host}:${engine.port}/ace/getstream?${query}`);
    const { response: session } = (await reply.json()) as { response: Session };
    const playbackSessionId = session.stat_url.split('/').at(-1)!;
    const streamId = `${infohash}|${playbackSessionId}`;
    await this.#report('started', {
      engine: { host: engine.host, port: engine.port },
      stream: { key_type: 'infohash', key: infohash },
      session: {
        playback_session_id: playbackSessionId,
        stat_url: session.stat_url,
        command_url: session.command_url,
        is_live: 1,
      },
      labels: { stream_id: streamId },
    });
    return { streamId, engine, session };
  }

  /** Reports the end of a stream and stops it at its engine. */
  async end({ streamId, session }: Play, reason = 'completed'): Promise<void> {
    await this.#report('ended', { stream_id: streamId, reason });
    await fetch(`${session.command_url}?method=stop`);
  }

  /** Prefers healthy engines, then the fewest streams, then a forwarded port, then the least recently used. */
  async choose(): Promise<Play['engine']> {
    const engines = await this.listEngines();
    const free: { engine: Engine; streams: number }[] = [];
    for (const engine of engines) {
      const streams = await this.#countStreams(engine.container_id).catch(() => null);
      if (streams !== null && streams < this.#streamsPerEngine) free.push({ engine, streams });
    }
    if (free.length === 0) return this.#provisionAndWait();
    const usage = ({ engine }: { engine: Engine }) => Date.parse(engine.last_stream_usage ?? '') || 0;
    free.sort(
      (a, b) =>
        Number(b.engine.health_status === 'healthy') - Number(a.engine.health_status === 'healthy') ||
        a.streams - b.streams ||
        Number(b.engine.forwarded) - Number(a.engine.forwarded) ||
        usage(a) - usage(b),
    );
    const { host, port, container_id: containerId } = free[0]!.engine;
    return { host, port, containerId };
  }

  /** The engines. A list is reused for 2 s. */
  async listEngines(): Promise<Engine[]> {
    if (this.#engines && performance.now() - this.#engines.readAt < ENGINES_TTL_MS) return this.#engines.list;
    const { status, body } = await this.#call('GET', '/engines');
    if (status !== 200) throw new Error(`GET /engines: status ${status}`);
    const list = (body as unknown[]).map((engine) => decode<Engine>(engine, ENGINE));
    this.#engines = { list, readAt: performance.now() };
    return list;
  }

  async #countStreams(containerId: string): Promise<number> {
    const { status, body } = await this.#call('GET', `/streams?container_id=${containerId}&status=started`);
    if (status !== 200) throw new Error(`GET /streams: status ${status}`);
    const streams = (body as unknown[]).map((stream) => decode<{ status: string }>(stream, STREAM));
    return streams.filter((stream) => stream.status === 'started').length;
  }

  async #provisionAndWait(): Promise<Play['engine']> {
    const known = this.#provisioning;
    if (!known?.can_provision) {
      const refusal = known?.blocked_reason_details;
      if (refusal?.should_wait) throw new RefusedError(refusal);
      throw new Error('cannot provision');
    }
    const { container_id: containerId, host_http_port: port } = await this.#provision();
    await this.#wait(ENGINE_START_S, port);
    const listed = await this.listEngines();
    if (!listed.some((engine) => engine.container_id === containerId)) await this.#wait(ENGINE_START_S, port);
    return { host: 'localhost', port, containerId };
  }

  async #provision(): Promise<{ container_id: string; host_http_port: number }> {
    for (let attempt = 1; ; attempt += 1) {
      const { status, body } = await this.#call('POST', '/provision/acestream', {
        body: { labels: {}, env: {} },
      });
      if (status === 200) return decode(body, PROVISIONED);
      const refusal = decode<Refusal>((body as { detail: unknown }).detail, REFUSAL);
      if (!refusal.should_wait || attempt === PROVISION_ATTEMPTS) throw new RefusedError(refusal);
      const eta = refusal.recovery_eta_seconds ?? 0;
      if (eta > 0) await this.#wait(attempt === 1 ? Math.floor(eta / 2) : eta);
    }
  }

  /** Sends a report. The client ignores the outcome. */
  async #report(what: 'started' | 'ended', body: object): Promise<void> {
    await this.#call('POST', `/events/stream_${what}`, { body }).catch(() => {});
  }

  async #call(
    method: 'GET' | 'POST',
    path: string,
    { body, withKey = true }: { body?: object; withKey?: boolean } = {},
  ): Promise<{ status: number; body: unknown }> {
    const call: Call = { request: `${method} ${path.split('?')[0]}`, status: null, ms: 0 };
    this.calls.push(call);
    const begun = performance.now();
    try {
      const reply = await fetch(this.#base + path, {
        method,
        headers: {
          ...(withKey && { authorization: `Bearer ${this.#key}` }),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      const answer: unknown = await reply.json();
      call.status = reply.status;
      return { status: reply.status, body: answer };
    } finally {
      call.ms = performance.now() - begun;
    }
  }
}
