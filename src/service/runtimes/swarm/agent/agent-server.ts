import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os';
import type { EventBuffer } from './event-buffer.ts';
import { serverTls } from './key.ts';
import type { NodeContainers } from './node-containers.ts';
import { type AgentLine, type AgentSamples, HEARTBEAT_MS, type NodeLoad } from './protocol.ts';

/** Connections whose client has not yet proved that it has the key. */
const MAX_HANDSHAKES = 64;
const HANDSHAKE_TIMEOUT_MS = 5000;
/** A client that reads nothing is disconnected when this much waits for it, in bytes. */
const MAX_BACKLOG = 1_000_000;
/**
 * An engine that cannot be read in time must not delay the others: orchestrators wait for 1.5 s. Where there are no
 * cgroup files, Docker 20.10 takes a second for each sample, and reads them in parallel.
 */
const SAMPLE_TIMEOUT_MS = 1300;

/** What an agent serves. */
export interface AgentParts {
  /** The node's id in the Swarm. */
  nodeId: string;
  /** Version of Roundhouse. */
  version: string;
  /** The key of all agents and orchestrators. */
  key: Buffer;
  containers: NodeContainers;
  events: EventBuffer;
}

/**
 * Creates the server of an agent. It answers three requests, which only read: `GET /events`, `GET /samples`, and `GET
 * /livez` for the health check of its container. Clients without the key get no connection.
 */
export function createAgentServer(parts: AgentParts): Server {
  const run = randomUUID();
  // Requests of several orchestrators at the same time share the samples.
  let sampling: Promise<AgentSamples> | undefined;
  const sample = () => {
    sampling ??= takeSamples(parts).finally(() => {
      sampling = undefined;
    });
    return sampling;
  };
  const options = { ...serverTls(parts.key), handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
  const server = createServer(options, (request, response) => {
    const url = URL.parse(request.url ?? '/', 'https://agent');
    if (!url) return end(response, 400);
    const { pathname, searchParams } = url;
    if (request.method !== 'GET') return end(response, 405);
    if (pathname === '/livez') return end(response, parts.containers.dockerResponds ? 204 : 503);
    if (!parts.containers.isKnown) return end(response, 503);
    if (pathname === '/events') return streamEvents(parts, run, searchParams, response);
    if (pathname !== '/samples') return end(response, 404);
    sample().then(
      (samples) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(samples));
      },
      () => end(response, 500),
    );
  });
  limitHandshakes(server);
  return server;
}

/**
 * Ends the oldest connection without the key when there are too many. A limit of all connections would let anyone who
 * reaches the port lock out the orchestrators.
 */
function limitHandshakes(server: Server): void {
  const waiting = new Map<string, Socket>();
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    waiting.set(name, socket);
    socket.once('close', () => {
      if (waiting.get(name) === socket) waiting.delete(name);
    });
    if (waiting.size <= MAX_HANDSHAKES) return;
    const [oldest] = waiting;
    waiting.delete(oldest![0]);
    oldest![1].destroy();
  });
  server.on('secureConnection', (socket) => waiting.delete(nameOf(socket)));
}

async function takeSamples({ nodeId, containers }: AgentParts): Promise<AgentSamples> {
  const samples = await containers.sample(AbortSignal.timeout(SAMPLE_TIMEOUT_MS));
  return { nodeId, load: readLoad(), samples };
}

function readLoad(): NodeLoad {
  return {
    loadAverage: loadavg()[0]!,
    cpus: availableParallelism(),
    memoryTotal: totalmem(),
    memoryAvailable: availableMemory(),
  };
}

/** Without a limit of the agent's own, and with the page cache, which can be dropped. */
function availableMemory(): number {
  try {
    const [, kilobytes] = /^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
    return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
  } catch {
    return freemem();
  }
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}

/** Sends the changes after `after` of the run `run`, or all containers, and then each change as it happens. */
function streamEvents(
  { nodeId, version, containers, events }: AgentParts,
  run: string,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  response.setHeader('content-type', 'application/x-ndjson');
  const send = (line: AgentLine) => {
    if (response.writableLength > MAX_BACKLOG) response.destroy();
    else response.write(`${JSON.stringify(line)}\n`);
  };
  const missed = query.get('run') === run ? events.since(Number(query.get('after') ?? Number.NaN)) : null;
  const { sequence } = events;
  send({ type: 'hello', nodeId, version, run, sequence, containers: missed ? null : containers.list() });
  for (const event of missed ?? []) send(event);
  const unsubscribe = events.subscribe(send);
  const beat = setInterval(() => send({ type: 'beat' }), HEARTBEAT_MS);
  const stop = () => {
    clearInterval(beat);
    unsubscribe();
  };
  response.on('close', stop);
  response.on('error', stop);
}
