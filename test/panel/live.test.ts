import { describe, expect, test } from 'vitest';
import { LiveClient, type Notice } from '../../src/panel/lib/live.ts';
import { SseParser } from '../../src/panel/lib/sse.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

const SNAPSHOT = 'retry: 2000\n\nid: r-1\nevent: snapshot\ndata: {"reason":"connected","keys":["*"]}\n\n';
const NOTICE = 'id: r-2\nevent: notice\ndata: {"type":"engine_stopped","keys":["engines:*","stats:*"]}\n\n';

test('the text of a stream is read in whatever pieces it comes', () => {
  const whole = new SseParser().push(SNAPSHOT + NOTICE);
  expect(whole.map(({ id, event }) => [id, event])).toEqual([
    ['r-1', 'snapshot'],
    ['r-2', 'notice'],
  ]);
  for (let size = 1; size < 20; size += 1) {
    const parser = new SseParser();
    const pieces = (SNAPSHOT + NOTICE).match(new RegExp(`[^]{1,${size}}`, 'g'))!;
    expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(whole);
  }
});

test('comments are passed over, lines of data are joined, other ends of lines are read', () => {
  const parser = new SseParser();
  expect(parser.push(': heartbeat\n\n')).toEqual([]);
  expect(parser.push('data: a\r\ndata:b\r\n\r\n')).toEqual([{ id: null, event: 'message', data: 'a\nb' }]);
});

/** A connection that the test speaks through. */
class Line {
  readonly lastId: string | null;
  readonly signal: AbortSignal;
  readonly stream: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(lastId: string | null, signal: AbortSignal) {
    this.lastId = lastId;
    this.signal = signal;
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    signal.addEventListener('abort', () => this.#controller.error(signal.reason));
  }

  async say(text: string): Promise<void> {
    this.#controller.enqueue(new TextEncoder().encode(text));
    await settle();
  }

  async end(): Promise<void> {
    this.#controller.close();
    await settle();
  }
}

function client() {
  const clock = new FakeClock();
  const lines: Line[] = [];
  const notices: Notice[] = [];
  let refused = false;
  const live = new LiveClient({
    clock,
    open: async (lastId, signal) => {
      const line = new Line(lastId, signal);
      lines.push(line);
      if (refused) throw new Error('away');
      return line.stream;
    },
    onNotice: (notice) => notices.push(notice),
  });
  return { clock, lines, notices, live, refuse: (value: boolean) => (refused = value) };
}

describe('the client', () => {
  test('is connected from the first word, and passes notices on', async () => {
    const { live, lines, notices } = client();
    live.start();
    live.start();
    await settle();
    expect(lines).toHaveLength(1);
    expect(live.connected.value).toBe(false);
    await lines[0]!.say(SNAPSHOT + NOTICE);
    expect(live.connected.value).toBe(true);
    expect(notices).toEqual([
      { type: 'snapshot', keys: ['*'] },
      { type: 'engine_stopped', keys: ['engines:*', 'stats:*'] },
    ]);
    live.stop();
  });

  test('comes back after the service has ended the stream, and says what it has heard last', async () => {
    const { live, lines, clock } = client();
    live.start();
    await settle();
    await lines[0]!.say(SNAPSHOT + NOTICE);
    await lines[0]!.end();
    expect(live.connected.value).toBe(false);
    await clock.advanceAsync(2000);
    expect(lines[1]!.lastId).toBe('r-2');
    live.stop();
  });

  test('comes back sooner after a connection that has lasted, and only once', async () => {
    const { live, lines, clock, refuse } = client();
    live.start();
    await settle();
    await lines[0]!.say(SNAPSHOT);
    await clock.advanceAsync(5000);
    refuse(true);
    await lines[0]!.end();
    await clock.advanceAsync(100);
    expect(lines).toHaveLength(2);
    await clock.advanceAsync(1900);
    expect(lines).toHaveLength(2);
    await clock.advanceAsync(100);
    expect(lines).toHaveLength(3);
    live.stop();
  });

  test('keeps trying, once every two seconds, while nobody answers', async () => {
    const { live, lines, clock, refuse } = client();
    refuse(true);
    live.start();
    await clock.advanceAsync(20_000);
    expect(lines).toHaveLength(11);
    refuse(false);
    await clock.advanceAsync(2000);
    await lines.at(-1)!.say(SNAPSHOT);
    expect(live.connected.value).toBe(true);
    live.stop();
  });

  test('takes silence for a connection that is gone', async () => {
    const { live, lines, clock } = client();
    live.start();
    await settle();
    await lines[0]!.say(SNAPSHOT);
    await clock.advanceAsync(30_000);
    await lines[0]!.say(': heartbeat\n\n');
    await clock.advanceAsync(39_000);
    expect(live.connected.value).toBe(true);
    await clock.advanceAsync(3000);
    expect(lines).toHaveLength(2);
    live.stop();
  });

  test('holds nothing once it is stopped', async () => {
    const { live, lines, clock } = client();
    live.start();
    await settle();
    await lines[0]!.say(SNAPSHOT);
    live.stop();
    await settle();
    expect(lines[0]!.signal.aborted).toBe(true);
    expect(live.connected.value).toBe(false);
    await clock.advanceAsync(60_000);
    expect({ lines: lines.length, timers: clock.pending }).toEqual({ lines: 1, timers: 0 });
  });

  test('a message that is no JSON costs the connection, not the client', async () => {
    const { live, lines, clock } = client();
    live.start();
    await settle();
    await lines[0]!.say('data: {\n\n');
    await clock.advanceAsync(2000);
    expect(lines).toHaveLength(2);
    live.stop();
  });
});
