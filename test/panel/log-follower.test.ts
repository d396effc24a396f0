import { expect, test } from 'vitest';
import { ProblemError } from '../../src/panel/lib/errors.ts';
import { LogFollower } from '../../src/panel/lib/log-follower.ts';
import { settle } from '../support/fake-clock.ts';

const apiKey = { withKey: async <T>(request: () => Promise<T>) => await request() };

/** An API whose log streams the test controls. */
function setUp() {
  const paths: string[] = [];
  const signals: AbortSignal[] = [];
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const stream = async (path: string, signal: AbortSignal) => {
    paths.push(path);
    signals.push(signal);
    return new ReadableStream<Uint8Array>({
      start: (streamController) => {
        controller = streamController;
      },
    });
  };
  const send = async (bytes: Uint8Array) => {
    controller.enqueue(bytes);
    await settle();
  };
  return { api: { stream }, paths, signals, send, end: () => controller.close() };
}

test('adds text as it arrives, also if a character is split between two chunks', async () => {
  const { api, paths, send, end } = setUp();
  const log = new LogFollower(api, apiKey, 'engines/a%2Fb/logs');
  const done = log.read(100, true);
  await settle();
  const bytes = new TextEncoder().encode('läuft\n');
  await send(bytes.subarray(0, 2));
  await send(bytes.subarray(2));
  expect(log.state.value).toEqual({ text: 'läuft\n', state: 'following', error: null });
  end();
  await done;
  expect(log.state.value.state).toBe('ended');
  expect(paths).toEqual(['engines/a%2Fb/logs?tail=100&follow=true']);
});

test('a new read aborts the current one and starts with an empty text', async () => {
  const { api, signals, send } = setUp();
  const log = new LogFollower(api, apiKey, 'x');
  void log.read(100, true);
  await settle();
  await send(new TextEncoder().encode('old\n'));
  void log.read(200, false);
  await settle();
  expect(signals[0]!.aborted).toBe(true);
  expect(log.state.value).toEqual({ text: '', state: 'reading', error: null });
});

test('keeps the last 400,000 characters', async () => {
  const { api, send } = setUp();
  const log = new LogFollower(api, apiKey, 'x');
  void log.read(100, true);
  await settle();
  for (let count = 0; count < 6; count += 1) await send(new TextEncoder().encode('x'.repeat(100_000)));
  expect(log.state.value.text).toHaveLength(400_000);
  log.stop();
  expect(log.state.value.state).toBe('ended');
});

test('reports an error, but not a canceled prompt', async () => {
  const refusing = {
    stream: () => Promise.reject(new ProblemError(404, 'engine_not_found', 'Engine not found')),
  };
  const log = new LogFollower(refusing, apiKey, 'x');
  await log.read(100, false);
  expect(log.state.value).toMatchObject({ state: 'failed', error: 'Engine not found' });
  const canceled = new LogFollower(refusing, { withKey: async () => null }, 'x');
  await canceled.read(100, false);
  expect(canceled.state.value.state).toBe('idle');
});
