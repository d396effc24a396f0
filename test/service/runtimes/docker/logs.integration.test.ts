import { describe, expect, test, vi } from 'vitest';
import { DockerClient } from '../../../../src/service/runtimes/docker/client.ts';
import { demultiplex, readContainerLogs } from '../../../../src/service/runtimes/docker/logs.ts';
import { startStubServer } from '../../../support/http/stub-server.ts';
import { waitUntil } from '../../../support/wait-until.ts';

// A busy machine makes all of this slow.
vi.setConfig({ testTimeout: 30_000 });

function frame(stream: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

async function* inChunks(bytes: Buffer, length: number) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}

const FRAMES = Buffer.concat([
  frame(1, 'out Ä\n'),
  frame(2, 'err\n'),
  frame(1, ''),
  frame(1, 'x'.repeat(300)),
]);
const TEXT = `out Ä\nerr\n${'x'.repeat(300)}`;

describe('multiplexed output', () => {
  test.each([1, 2, 3, 7, 8, 9, 13, 64, 1000])('is taken apart from chunks of %d bytes', async (length) => {
    expect(await collect(demultiplex(inChunks(FRAMES, length)))).toBe(TEXT);
  });

  test('is passed on as it comes, before its frame is whole', async () => {
    const chunks = demultiplex(inChunks(FRAMES, 10));
    expect(Buffer.from((await chunks.next()).value!).toString()).toBe('ou');
  });

  test.each(['plain text that is no frame', '\x07\0\0\0\0\0\0\x01a', '\x01\0\x01\0\0\0\0\x01a'])(
    'is refused where it is none: %j',
    async (text) => {
      await expect(collect(demultiplex(inChunks(Buffer.from(text), 5)))).rejects.toThrow('not multiplexed');
    },
  );
});

describe('the logs of a container', () => {
  const OPTIONS = { tail: 7, follow: false, since: null };

  function createClient(port: number, timeoutS = 10): DockerClient {
    return new DockerClient({ host: `tcp://127.0.0.1:${port}`, timeoutS, concurrency: 2 });
  }

  test('are asked for as wished, and framed unless they come from a terminal', async () => {
    const asked: (string | undefined)[] = [];
    await using daemon = await startStubServer((request, response) => {
      asked.push(request.url);
      response.end(request.url?.includes('/tty/') ? 'raw\r\n' : FRAMES);
    });
    const client = createClient(daemon.port);
    const { signal } = new AbortController();
    const framed = await readContainerLogs(client, 'a', false, { ...OPTIONS, signal });
    expect(await collect(framed!)).toBe(TEXT);
    const wished = { tail: 5, follow: true, since: 1_700_000_000_123, signal };
    expect(await collect((await readContainerLogs(client, 'tty', true, wished))!)).toBe('raw\r\n');
    expect(asked).toEqual([
      '/containers/a/logs?stdout=true&stderr=true&follow=false&tail=7',
      '/containers/tty/logs?stdout=true&stderr=true&follow=true&tail=5&since=1700000000.123',
    ]);
  });

  test.each([
    [404, null],
    [409, null],
    [500, 'logs_unavailable'],
    [501, 'logs_unavailable'],
  ])('where the daemon answers %d: %s', async (status, code) => {
    await using daemon = await startStubServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"message":"no"}');
    });
    const { signal } = new AbortController();
    const read = readContainerLogs(createClient(daemon.port), 'a', false, { ...OPTIONS, signal });
    if (code === null) expect(await read).toBeNull();
    else await expect(read).rejects.toMatchObject({ code });
  });

  test('are unavailable at the deadline where the daemon hangs', async () => {
    await using daemon = await startStubServer(() => {});
    const { signal } = new AbortController();
    const read = readContainerLogs(createClient(daemon.port, 0.2), 'a', false, { ...OPTIONS, signal });
    await expect(read).rejects.toMatchObject({ code: 'runtime_unavailable' });
  });

  test('are let go of as the reader leaves, in mid-stream', async () => {
    let closed = false;
    await using daemon = await startStubServer((_, response) => {
      response.on('close', () => {
        closed = true;
      });
      response.write(FRAMES);
    });
    const leaving = new AbortController();
    const wished = { ...OPTIONS, follow: true, signal: leaving.signal };
    const logs = (await readContainerLogs(createClient(daemon.port), 'a', false, wished))!;
    const reading = collect(logs);
    leaving.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    await waitUntil('the daemon sees it leave', () => closed, 10_000);
  });

  test('fail where the daemon breaks off', async () => {
    await using daemon = await startStubServer((_, response) => {
      response.write(FRAMES, () => response.destroy());
    });
    const { signal } = new AbortController();
    const logs = await readContainerLogs(createClient(daemon.port), 'a', false, { ...OPTIONS, signal });
    await expect(collect(logs!)).rejects.toThrow();
  });
});
