import { randomUUID } from 'node:crypto';
import type { Session } from '../../support/service/emulated-engine.ts';
import { decode, ENGINE, PROVISIONED, REFUSAL, STREAM } from './decode.ts';

/** The client gives every call so long, provisioning included. */
export const CALL_TIMEOUT_MS = 3000;
const PROVISION_ATTEMPTS = 3;
/** What it grants an engine that it has provisioned before it plays there. */
const ENGINE_START_S = 5;
const ENGINES_KEPT_MS = 2000;

export interface Engine {
  container_id: string;
  host: string;
  port: number;
  forwarded: boolean;
  health_status: string;
  last_stream_usage: string | null;
}

export interface Refusal {
  code: string;
  recovery_eta_seconds: number | null;
  should_wait: boolean;
}

interface Provisioning {
  can_provision?: boolean;
  blocked_reason_details?: Refusal | null;
}

/** A call to the service and how it went. */
export interface Call {
  request: string;
  /** Null where none came within the time. */
  status: number | null;
  ms: number;
}

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

/** What the client waits for: seconds to the next attempt, or for an engine to come up on a port. */
export type Wait = (seconds: number, enginePort?: number) => Promise<void>;

/**
 * What the AceStream proxy that operators run does with an orchestrator, call by call: how it chooses engines,
 * has them provisioned, waits, and reports streams. What it plays, it drops.
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

  /** What the client asks every 30 s, without its key. From an error it reads that nothing can be provisioned. */
  async updateStatus(): Promise<void> {
    const { body } = await this.#call('GET', '/orchestrator/status', { withKey: false });
    const { provisioning = {}, capacity = {}, vpn = {} } = body as Record<string, object>;
    decode(capacity, { total: 'integer', used: 'integer', available: 'integer' });
    decode(vpn, { connected: 'flag' });
    const known = decode<Provisioning>(provisioning, { can_provision: 'flag', blocked_reason: 'text' });
    if (known.blocked_reason_details) decode(known.blocked_reason_details, REFUSAL);
    this.#provisioning = known;
  }

  /** Chooses an engine, opens a session there and reports it. @throws RefusedError, or Error without an engine */
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

  /** Reports the end and tells the engine to stop. */
  async end({ streamId, session }: Play, reason = 'completed'): Promise<void> {
    await this.#report('ended', { stream_id: streamId, reason });
    await fetch(`${session.command_url}?method=stop`);
  }

  /** Healthy first, then the fewest streams, then a forwarded port, then the one used longest ago. */
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

  /** The engines; a list is kept for 2 s. */
  async listEngines(): Promise<Engine[]> {
    if (this.#engines && performance.now() - this.#engines.readAt < ENGINES_KEPT_MS)
      return this.#engines.list;
    const { status, body } = await this.#call('GET', '/engines');
    if (status !== 200) throw new Error(`GET /engines answers ${status}`);
    const list = (body as unknown[]).map((engine) => decode<Engine>(engine, ENGINE));
    this.#engines = { list, readAt: performance.now() };
    return list;
  }

  async #countStreams(containerId: string): Promise<number> {
    const { status, body } = await this.#call('GET', `/streams?container_id=${containerId}&status=started`);
    if (status !== 200) throw new Error(`GET /streams answers ${status}`);
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

  /** The client sends its reports and looks no further. */
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
