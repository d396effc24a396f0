import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import type Docker from 'dockerode';
import type { LogOptions } from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import { type DockerClient, hasStatus } from './client.ts';

const HEADER_LENGTH = 8;
/** Stream types: standard input, output, error, and errors of the daemon. */
const MAX_STREAM_TYPE = 3;

/**
 * Reads the output of a container as bytes, until it ends or the signal aborts.
 * @param hasTerminal whether the container has a terminal, so that its output is not multiplexed
 * @returns null if the container is gone
 * @throws RoundhouseError `runtime_unavailable` or `logs_unavailable`
 */
export function readContainerLogs(
  client: DockerClient,
  id: string,
  hasTerminal: boolean,
  options: LogOptions,
): Promise<AsyncIterable<Uint8Array> | null> {
  const { signal } = options;
  const open = () =>
    client.call('logs', (abortSignal) => openLogs(client.docker, `/containers/${id}`, options, abortSignal), {
      signal,
    });
  return readLogs(open, hasTerminal, signal);
}

/**
 * Reads the logs that `open` opens.
 * @param hasTerminal whether the output is raw; otherwise Docker multiplexes it
 * @returns null if their container or service is gone
 * @throws RoundhouseError `runtime_unavailable` or `logs_unavailable`
 */
export async function readLogs(
  open: () => Promise<Readable>,
  hasTerminal: boolean,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | null> {
  try {
    const stream = await open();
    const bytes: AsyncIterable<Uint8Array> = addAbortSignal(signal, stream);
    return hasTerminal ? bytes : demultiplex(bytes);
  } catch (error) {
    if (hasStatus(error, 404, 409)) return null;
    if (error instanceof RoundhouseError) throw error;
    throw new RoundhouseError('logs_unavailable', 'Docker could not read the logs of this engine', {
      cause: error,
    });
  }
}

/**
 * Like dockerode's `logs`, which without `follow` buffers the whole response in memory.
 * @param path of a container or a service
 */
export function openLogs(
  docker: Docker,
  path: string,
  { tail, follow, since }: LogOptions,
  abortSignal: AbortSignal,
): Promise<Readable> {
  const { promise, resolve, reject } = Promise.withResolvers<Readable>();
  const options = {
    stdout: true,
    stderr: true,
    follow,
    tail,
    ...(since === null ? {} : { since: (since / 1000).toFixed(3) }),
  };
  docker.modem.dial(
    {
      path: `${path}/logs?`,
      method: 'GET',
      isStream: true,
      statusCodes: { 200: true, 404: 'no such object', 500: 'server error' },
      abortSignal,
      options,
    },
    (error: unknown, stream: unknown) => (error ? reject(error) : resolve(stream as Readable)),
  );
  return promise;
}

/**
 * Yields the payload of Docker's multiplexed stream. A frame is a header (stream type, three zeros, length) and
 * that many bytes. Either may span several chunks.
 * @throws Error if a header is invalid
 * @see https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerAttach
 */
export async function* demultiplex(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let header = Buffer.alloc(0);
  let remaining = 0;
  for await (const chunk of chunks) {
    const payload: Uint8Array[] = [];
    for (let rest = chunk; rest.length > 0; ) {
      if (remaining > 0) {
        const part = rest.subarray(0, remaining);
        payload.push(part);
        remaining -= part.length;
        rest = rest.subarray(part.length);
        continue;
      }
      const missing = HEADER_LENGTH - header.length;
      header = Buffer.concat([header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (header.length < HEADER_LENGTH) break;
      remaining = readLength(header);
      header = Buffer.alloc(0);
    }
    if (payload.length > 0) yield Buffer.concat(payload);
  }
}

function readLength(header: Buffer): number {
  const isHeader = header.readUInt8(0) <= MAX_STREAM_TYPE && header.readUIntBE(1, 3) === 0;
  if (!isHeader) throw new Error('Docker sent logs that are not multiplexed');
  return header.readUInt32BE(4);
}
