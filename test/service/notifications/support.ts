import { once } from 'node:events';
import { type StubServer, startStubServer } from '../../support/http/stub-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** A request that a {@link Receiver} got. */
export interface Received {
  url: string;
  authorization: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect.
  body: any;
}

/** A receiver of notifications: an HTTP server that records what is posted to it. */
export interface Receiver extends AsyncDisposable {
  readonly server: StubServer;
  readonly received: Received[];
  /** Status of the responses; 0 closes the connection instead. */
  status: number;
  /** Host and port. */
  readonly host: string;
  /** Waits for that many requests. */
  until(count: number): Promise<unknown>;
}

/** Starts a receiver on a free port of 127.0.0.1. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = await startStubServer(async (request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    await once(request, 'end');
    received.push({
      url: request.url!,
      authorization: request.headers.authorization,
      body: JSON.parse(text),
    });
    if (receiver.status === 0) response.destroy();
    else response.writeHead(receiver.status, { 'Retry-After': '7' }).end('answer');
  });
  const receiver: Receiver = {
    server,
    received,
    status: 200,
    host: `127.0.0.1:${server.port}`,
    until: (count) => waitUntil(`${count} notifications`, () => received.length >= count, 10_000),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return receiver;
}
