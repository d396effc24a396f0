import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { DockerClient } from './client.ts';
import { limitLines } from './line-limit.ts';

const HEARTBEAT_MS = 1000;
/** A busy daemon may miss one heartbeat. Two consecutive ones mean that it is gone. */
const MAX_MISSED_HEARTBEATS = 2;
const RECONNECT_MS = 500;
/** Events have a few kilobytes: the attributes are the labels of a container. */
const MAX_LINE_BYTES = 2 ** 20;
/** In events, a code is text. */
const EXIT_CODE = /^\d{1,3}$/;

/** An event of a container or, from a manager of a Swarm, of a service or a node. */
export interface ContainerEvent {
  /** Such as `start` or `die`. */
  action: string;
  /** Id of the container, service or node. */
  id: string;
  /** What it is an event of: `container`, `service` or `node`. */
  type?: string;
  /** Exit code of its program, for `die`. */
  exitCode?: number;
}

/** Callbacks of {@link followEvents}. */
export interface EventFollower {
  onEvent(event: ContainerEvent): void;
  /** Called on each connection, and for a line that cannot be read. Earlier events are not repeated. */
  onConnected(): void;
  /** Called on each failed or lost connection. */
  onDisconnected(reason: Error): void;
}

/**
 * Follows the daemon's container events and reconnects when the stream ends. A daemon that stops responding to
 * pings counts as disconnected, because a hung daemon keeps its stream open without sending anything.
 * @param filters filters of the Docker API, such as `{ label: ['a=b'] }`
 * @returns a function that ends it
 */
export function followEvents(
  client: DockerClient,
  filters: Record<string, string[]>,
  follower: EventFollower,
): () => void {
  const ended = new AbortController();
  void follow(client, filters, follower, ended.signal);
  return () => ended.abort();
}

async function follow(
  client: DockerClient,
  filters: Record<string, string[]>,
  follower: EventFollower,
  ended: AbortSignal,
): Promise<void> {
  while (!ended.aborted) {
    try {
      await followOnce(client, filters, follower, ended);
    } catch (error) {
      if (ended.aborted) return;
      follower.onDisconnected(error as Error);
      await pause(RECONNECT_MS, ended);
    }
  }
}

/** Follows one stream until it ends, and then throws. */
async function followOnce(
  client: DockerClient,
  filters: Record<string, string[]>,
  follower: EventFollower,
  ended: AbortSignal,
): Promise<never> {
  const broken = new AbortController();
  const abortSignal = AbortSignal.any([ended, broken.signal]);
  try {
    // `getEvents` has no deadline: it would never settle if the daemon accepts connections but does not respond.
    await client.ping();
    const stream = (await client.docker.getEvents({ filters, abortSignal })) as Readable;
    stream.on('error', (error) => broken.abort(error));
    stream.once('close', () => broken.abort(new Error('The event stream ended')));
    limitLines(stream, MAX_LINE_BYTES, 'Docker sent an event of more than 1 MiB');
    const lines = createInterface({ input: stream });
    // readline re-emits the errors of its input; without a listener they would end the process.
    lines.on('error', (error) => broken.abort(error));
    lines.on('line', (line) => deliver(line, follower));
    follower.onConnected();
    return await pingUntilLost(client, abortSignal);
  } finally {
    broken.abort();
  }
}

/** Pings until the daemon stops responding or the signal aborts, and then throws. */
async function pingUntilLost(client: DockerClient, signal: AbortSignal): Promise<never> {
  for (let missed = 0; ; ) {
    await pause(HEARTBEAT_MS, signal);
    if (signal.aborted) throw signal.reason;
    try {
      await client.ping();
      missed = 0;
    } catch (error) {
      missed += 1;
      if (missed === MAX_MISSED_HEARTBEATS) throw error;
    }
  }
}

/** A line that is no event may be one that was lost. The containers are then compared, as after a connection. */
function deliver(line: string, follower: EventFollower): void {
  if (line === '') return;
  const event = parseEvent(line);
  if (event) follower.onEvent(event);
  else follower.onConnected();
}

function parseEvent(line: string): ContainerEvent | null {
  try {
    const event = JSON.parse(line) as {
      Type?: unknown;
      Action?: unknown;
      status?: unknown;
      Actor?: { ID?: unknown; Attributes?: { exitCode?: unknown } | null } | null;
      id?: unknown;
    };
    const id = event.Actor?.ID ?? event.id;
    const action = event.Action ?? event.status;
    if (typeof id !== 'string' || typeof action !== 'string') return null;
    const exitCode = event.Actor?.Attributes?.exitCode;
    return {
      action,
      id,
      ...(typeof event.Type === 'string' && { type: event.Type }),
      ...(typeof exitCode === 'string' && EXIT_CODE.test(exitCode) && { exitCode: Number(exitCode) }),
    };
  } catch {
    return null;
  }
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    timer.unref();
    signal.addEventListener('abort', done, { once: true });
  });
}
