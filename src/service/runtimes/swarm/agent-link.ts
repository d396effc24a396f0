import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { createInterface } from 'node:readline';
import { limitLines } from '../docker/line-limit.ts';
import { clientTls, isKeyRefused } from './agent/key.ts';
import {
  type AgentEvent,
  type AgentHello,
  type AgentSamples,
  HEARTBEAT_MS,
  parseLine,
  parseSamples,
} from './agent/protocol.ts';

const CONNECT_TIMEOUT_MS = 1500;
/** A busy node may miss one heartbeat. */
const SILENCE_TIMEOUT_MS = 2.5 * HEARTBEAT_MS;
const RECONNECT_MS = 300;
/** Longest reply, or line, that is read. 1000 engines on one node need half of it. */
const MAX_REPLY_BYTES = 1_000_000;

/** Callbacks of an {@link AgentLink}. */
export interface AgentLinkListener {
  /** Called on each connection. */
  onHello(hello: AgentHello): void;
  onEvent(event: AgentEvent): void;
  /** Called when the connection is lost. Attempts to connect that fail afterwards are not reported. */
  onLost(): void;
  /** Called once if the agent has another key. */
  onRefused?(): void;
}

/** The connection to one agent: follows its events, reconnects, and requests samples. */
export class AgentLink {
  /** Address of the agent, as `host:port`. */
  readonly name: string;
  readonly #host: string;
  readonly #port: number;
  readonly #agent: Agent;
  readonly #listener: AgentLinkListener;
  /** The run of the agent, and its latest event that was received. */
  #position: { run: string; sequence: number } | undefined;
  #connected = false;
  #refused = false;
  #closed = false;
  #request: { destroy(): void } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(address: { host: string; port: number }, key: Buffer, listener: AgentLinkListener) {
    this.#host = address.host;
    this.#port = address.port;
    this.name = `${address.host}:${address.port}`;
    this.#listener = listener;
    this.#agent = new Agent({ keepAlive: true, ...clientTls(key) });
    this.#connect();
  }

  /** Whether the events of the agent arrive. */
  get connected(): boolean {
    return this.#connected;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#request?.destroy();
    this.#agent.destroy();
  }

  /** Requests samples of all engines of the node. @throws Error if they do not arrive before the signal aborts */
  samples(signal: AbortSignal): Promise<AgentSamples> {
    const { promise, resolve, reject } = Promise.withResolvers<AgentSamples>();
    const request = get({ ...this.#target('/samples'), signal }, (response) => {
      readText(response, MAX_REPLY_BYTES)
        .then((text) => resolve(parseSamples(text)))
        .catch(reject);
    });
    request.on('error', reject);
    return promise;
  }

  #target(path: string) {
    return { host: this.#host, port: this.#port, agent: this.#agent, path };
  }

  #connect(): void {
    const { run = '', sequence = '' } = this.#position ?? {};
    const request = get(
      this.#target(`/events?run=${encodeURIComponent(run)}&after=${sequence}`),
      (response) => {
        if (response.statusCode !== 200)
          return request.destroy(new Error(`The agent responded with status ${response.statusCode}`));
        limitLines(response, MAX_REPLY_BYTES, 'The agent sent a line that is too long');
        response.on('error', (error) => request.destroy(error));
        const lines = createInterface({ input: response });
        lines.on('error', (error) => request.destroy(error));
        lines.on('line', (line) => this.#onLine(line, request));
        response.on('close', () => request.destroy(new Error('The agent has closed the connection')));
      },
    );
    this.#request = request;
    this.#expect(CONNECT_TIMEOUT_MS, request);
    request.on('error', (error) => this.#onEnd(error, request));
    request.on('close', () => this.#onEnd(new Error('The connection was closed'), request));
  }

  #onLine(text: string, request: { destroy(error: Error): void }): void {
    try {
      const line = parseLine(text);
      this.#expect(SILENCE_TIMEOUT_MS, request);
      if (line === null || line.type === 'beat') return;
      if (line.type === 'hello') {
        this.#connected = true;
        this.#refused = false;
        // Events that were missed follow, with lower numbers.
        if (line.containers !== null || !this.#position)
          this.#position = { run: line.run, sequence: line.sequence };
        this.#listener.onHello(line);
      } else {
        if (this.#position) this.#position.sequence = line.sequence;
        this.#listener.onEvent(line);
      }
    } catch (error) {
      request.destroy(error as Error);
    }
  }

  /** Ends the connection unless a line arrives in time. A node that is gone closes no connection. */
  #expect(timeoutMs: number, request: { destroy(error: Error): void }): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => request.destroy(new Error('The agent does not respond')), timeoutMs);
    this.#timer.unref();
  }

  /** A connection, or an attempt to connect, has ended. */
  #onEnd(reason: Error, request: { destroy(): void }): void {
    if (this.#request !== request || this.#closed) return;
    const wasConnected = this.#connected;
    this.#request = undefined;
    this.#connected = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), RECONNECT_MS);
    this.#timer.unref();
    if (wasConnected) this.#listener.onLost();
    if (this.#refused || !isKeyRefused(reason)) return;
    // Further attempts fail in the same way.
    this.#refused = true;
    this.#listener.onRefused?.();
  }
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`The agent responded with status ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error('The reply of the agent is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Whether the agent at an address responds, and Docker responds to it. */
export function isAgentLive(
  { host, port }: { host: string; port: number },
  key: Buffer,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const agent = new Agent(clientTls(key));
    get({ host, port, agent, path: '/livez', signal }, (response) => {
      response.resume();
      resolve(response.statusCode === 204);
    }).on('error', () => resolve(false));
  });
}
