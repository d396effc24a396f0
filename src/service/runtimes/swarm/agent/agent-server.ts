import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os';
import type { EventBuffer } from './event-buffer.ts';
import { serverTls } from './key.ts';
import type { NodeContainers } from './node-containers.ts';
import { type AgentLine, type AgentSamples, HEARTBEAT_MS, type NodeLoad } from './protocol.ts';

/** Orchestrators have a few connections each. */
const MAX_CONNECTIONS = 64;
/** A client that reads nothing is disconnected when this much waits for it, in bytes. */
const MAX_BACKLOG = 1_000_000;
const SAMPLE_TIMEOUT_MS = 5000;

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
 * /livez` for the health check of its container. Whoever does not have the key gets no connection.
 */
export function createAgentServer(parts: AgentParts): Server {
  const run = randomUUID();
  // Samples for several orchestrators that ask at the same time are taken once.
  let sampling: Promise<AgentSamples> | undefined;
  const sample = () => {
    sampling ??= takeSamples(parts).finally(() => {
      sampling = undefined;
    });
    return sampling;
  };
  const server = createServer(serverTls(parts.key), (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://agent');
    if (request.method !== 'GET') return end(response, 405);
    if (pathname === '/events') return streamEvents(parts, run, searchParams, request, response);
    if (pathname === '/livez') return end(response, parts.containers.dockerResponds ? 204 : 503);
    if (pathname !== '/samples') return end(response, 404);
    sample().then(
      (samples) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(samples));
      },
      () => end(response, 500),
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
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
  request: IncomingMessage,
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
  const beat = setInterval(
    () => send({ type: 'beat', dockerResponds: containers.dockerResponds }),
    HEARTBEAT_MS,
  );
  const stop = () => {
    clearInterval(beat);
    unsubscribe();
  };
  request.on('close', stop);
  response.on('close', stop);
  response.on('error', stop);
}
