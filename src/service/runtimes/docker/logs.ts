import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import type { LogOptions } from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import { type DockerClient, hasStatus } from './client.ts';

const HEADER_LENGTH = 8;
/** Standard input, output, error, and what the daemon itself has to say. */
const HIGHEST_STREAM = 3;

/** What a container has written, as bytes; null where it is gone. Ends as the signal aborts. */
export async function readContainerLogs(
  client: DockerClient,
  id: string,
  hasTerminal: boolean,
  options: LogOptions,
): Promise<AsyncIterable<Uint8Array> | null> {
  const { signal } = options;
  try {
    const stream = await client.call('logs', (abortSignal) => openLogs(client, id, options, abortSignal), {
      signal,
    });
    const bytes: AsyncIterable<Uint8Array> = addAbortSignal(signal, stream);
    return hasTerminal ? bytes : demultiplex(bytes);
  } catch (error) {
    if (hasStatus(error, 404, 409)) return null;
    if (error instanceof RoundhouseError) throw error;
    throw new RoundhouseError('logs_unavailable', 'Docker does not hand out the logs of this engine', {
      cause: error,
    });
  }
}

/** As dockerode's `logs`, which collects what is not followed in memory, however much it is. */
function openLogs(
  { docker }: DockerClient,
  id: string,
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
      path: `/containers/${id}/logs?`,
      method: 'GET',
      isStream: true,
      statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
      abortSignal,
      options,
    },
    (error: unknown, stream: unknown) => (error ? reject(error) : resolve(stream as Readable)),
  );
  return promise;
}

/**
 * The payload of Docker's multiplexed stream: frames of a header (stream, three zeros, length) and so many
 * bytes. Neither is bounded by the chunks that arrive.
 * @throws Error for what is no such stream.
 */
export async function* demultiplex(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let header = Buffer.alloc(0);
  let left = 0;
  for await (const chunk of chunks) {
    const payload: Uint8Array[] = [];
    for (let rest = chunk; rest.length > 0; ) {
      if (left > 0) {
        const part = rest.subarray(0, left);
        payload.push(part);
        left -= part.length;
        rest = rest.subarray(part.length);
        continue;
      }
      const missing = HEADER_LENGTH - header.length;
      header = Buffer.concat([header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (header.length < HEADER_LENGTH) break;
      left = readLength(header);
      header = Buffer.alloc(0);
    }
    if (payload.length > 0) yield Buffer.concat(payload);
  }
}

function readLength(header: Buffer): number {
  const isHeader = header.readUInt8(0) <= HIGHEST_STREAM && header.readUIntBE(1, 3) === 0;
  if (!isHeader) throw new Error('Docker sent logs that are not multiplexed');
  return header.readUInt32BE(4);
}
