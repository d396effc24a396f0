import { describe, expect, test } from 'vitest';
import { LiveClient, type Notice } from '../../src/panel/lib/live.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

const SNAPSHOT = 'retry: 2000\n\nid: r-1\nevent: snapshot\ndata: {"reason":"connected","keys":["*"]}\n\n';
const NOTICE = 'id: r-2\nevent: notice\ndata: {"type":"engine_stopped","keys":["engines:*","stats:*"]}\n\n';

/** A connection to `/events/live` that the test controls. */
class FakeConnection {
  readonly lastEventId: string | null;
  readonly signal: AbortSignal;
  readonly stream: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(lastEventId: string | null, signal: AbortSignal) {
    this.lastEventId = lastEventId;
    this.signal = signal;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    signal.addEventListener('abort', () => this.#controller.error(signal.reason));
  }

  async send(text: string): Promise<void> {
    this.#controller.enqueue(new TextEncoder().encode(text));
    await settle();
  }

  async end(): Promise<void> {
    this.#controller.close();
    await settle();
  }
}

/** A client and the connections that it opens. `refuse` makes the next ones fail. */
function setUp() {
  const clock = new FakeClock();
  const connections: FakeConnection[] = [];
  const notices: Notice[] = [];
  let refused = false;
  const live = new LiveClient({
    clock,
    open: async (lastEventId, signal) => {
      const connection = new FakeConnection(lastEventId, signal);
      connections.push(connection);
      if (refused) throw new Error('connection refused');
      return connection.stream;
    },
    onNotice: (notice) => notices.push(notice),
  });
  return { clock, connections, notices, live, refuse: (value: boolean) => (refused = value) };
}

describe('LiveClient', () => {
  test('is connected from the first data on, and reports notices', async () => {
    const { live, connections, notices } = setUp();
    live.start();
    live.start();
    await settle();
    expect(connections).toHaveLength(1);
    expect(live.connected.value).toBe(false);
    await connections[0]!.send(SNAPSHOT + NOTICE);
    expect(live.connected.value).toBe(true);
    expect(notices).toEqual([
      { type: 'snapshot', keys: ['*'] },
      { type: 'engine_stopped', keys: ['engines:*', 'stats:*'] },
    ]);
    live.stop();
  });

  test('reconnects with the last event ID after the stream ends', async () => {
    const { live, connections, clock } = setUp();
    live.start();
    await settle();
    await connections[0]!.send(SNAPSHOT + NOTICE);
    await connections[0]!.end();
    expect(live.connected.value).toBe(false);
    await clock.advanceAsync(2000);
    expect(connections[1]!.lastEventId).toBe('r-2');
    live.stop();
  });

  test('reconnects sooner once after a stable connection', async () => {
    const { live, connections, clock, refuse } = setUp();
    live.start();
    await settle();
    await connections[0]!.send(SNAPSHOT);
    await clock.advanceAsync(5000);
    refuse(true);
    await connections[0]!.end();
    await clock.advanceAsync(100);
    expect(connections).toHaveLength(2);
    await clock.advanceAsync(1900);
    expect(connections).toHaveLength(2);
    await clock.advanceAsync(100);
    expect(connections).toHaveLength(3);
    live.stop();
  });

  test('retries every two seconds while connections fail', async () => {
    const { live, connections, clock, refuse } = setUp();
    refuse(true);
    live.start();
    await clock.advanceAsync(20_000);
    expect(connections).toHaveLength(11);
    refuse(false);
    await clock.advanceAsync(2000);
    await connections.at(-1)!.send(SNAPSHOT);
    expect(live.connected.value).toBe(true);
    live.stop();
  });

  test('reconnects if the connection is silent for 40 s', async () => {
    const { live, connections, clock } = setUp();
    live.start();
    await settle();
    await connections[0]!.send(SNAPSHOT);
    await clock.advanceAsync(30_000);
    await connections[0]!.send(': heartbeat\n\n');
    await clock.advanceAsync(39_000);
    expect(live.connected.value).toBe(true);
    await clock.advanceAsync(3000);
    expect(connections).toHaveLength(2);
    live.stop();
  });

  test('has no connection and no timer after it is stopped', async () => {
    const { live, connections, clock } = setUp();
    live.start();
    await settle();
    await connections[0]!.send(SNAPSHOT);
    live.stop();
    await settle();
    expect(connections[0]!.signal.aborted).toBe(true);
    expect(live.connected.value).toBe(false);
    await clock.advanceAsync(60_000);
    expect({ connections: connections.length, timers: clock.pending }).toEqual({ connections: 1, timers: 0 });
  });

  test('reconnects after a message that is not JSON', async () => {
    const { live, connections, clock } = setUp();
    live.start();
    await settle();
    await connections[0]!.send('data: {\n\n');
    await clock.advanceAsync(2000);
    expect(connections).toHaveLength(2);
    live.stop();
  });
});
