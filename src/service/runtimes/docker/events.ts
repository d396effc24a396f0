import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { DockerClient } from './client.ts';

const HEARTBEAT_MS = 1000;
/** One slow answer of a busy daemon is no absence; two in a row are. */
const MISSED_HEARTBEATS = 2;
const RECONNECT_MS = 500;

/** A container event, as far as it matters here. */
export interface ContainerEvent {
  action: string;
  id: string;
}

export interface EventFollower {
  onEvent(event: ContainerEvent): void;
  /** Events flow (again). What happened before is not told. */
  onConnected(): void;
  onDisconnected(reason: Error): void;
}

/**
 * Follows the daemon's container events for ever: reconnects when the stream ends, and takes a daemon that
 * stops answering pings as gone, because a hung daemon keeps its stream open and silent.
 * @param filters as in the Docker API, e.g. `{ label: ['a=b'] }`
 * @returns a function that ends it.
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

/** Follows one stream to its end, which is always an error. */
async function followOnce(
  client: DockerClient,
  filters: Record<string, string[]>,
  follower: EventFollower,
  ended: AbortSignal,
): Promise<never> {
  const broken = new AbortController();
  const abortSignal = AbortSignal.any([ended, broken.signal]);
  try {
    // A daemon that accepts a connection but does not answer would hold this call for ever.
    await client.ping();
    const stream = (await client.docker.getEvents({ filters, abortSignal })) as Readable;
    stream.on('error', (error) => broken.abort(error));
    stream.once('close', () => broken.abort(new Error('The event stream ended')));
    const lines = createInterface({ input: stream });
    // readline passes its input's errors on; unheard, they would end the process.
    lines.on('error', (error) => broken.abort(error));
    lines.on('line', (line) => deliver(line, follower));
    follower.onConnected();
    return await beat(client, abortSignal);
  } finally {
    broken.abort();
  }
}

/** Pings until the daemon stops answering or the signal aborts; then throws. */
async function beat(client: DockerClient, signal: AbortSignal): Promise<never> {
  for (let missed = 0; ; ) {
    await pause(HEARTBEAT_MS, signal);
    if (signal.aborted) throw signal.reason;
    try {
      await client.ping();
      missed = 0;
    } catch (error) {
      missed += 1;
      if (missed === MISSED_HEARTBEATS) throw error;
    }
  }
}

function deliver(line: string, follower: EventFollower): void {
  const event = JSON.parse(line) as {
    Action?: string;
    status?: string;
    Actor?: { ID?: string };
    id?: string;
  };
  const id = event.Actor?.ID ?? event.id;
  const action = event.Action ?? event.status;
  if (id !== undefined && action !== undefined) follower.onEvent({ action, id });
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
