import { expect, test } from 'vitest';
import { LogFollower } from '../../src/panel/lib/log-follower.ts';
import { ProblemError } from '../../src/panel/lib/problems.ts';
import { settle } from '../support/fake-clock.ts';

const keys = { use: async <T>(write: () => Promise<T>) => await write() };

function source() {
  const paths: string[] = [];
  const signals: AbortSignal[] = [];
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const follow = async (path: string, signal: AbortSignal) => {
    paths.push(path);
    signals.push(signal);
    return new ReadableStream<Uint8Array>({
      start: (given) => {
        controller = given;
      },
    });
  };
  const say = async (bytes: Uint8Array) => {
    controller.enqueue(bytes);
    await settle();
  };
  return { api: { follow }, paths, signals, say, end: () => controller.close() };
}

test('text is shown as it comes, characters that are cut in two included', async () => {
  const { api, paths, say, end } = source();
  const log = new LogFollower(api, keys, 'a/b');
  const done = log.read(100, true);
  await settle();
  const bytes = new TextEncoder().encode('läuft\n');
  await say(bytes.subarray(0, 2));
  await say(bytes.subarray(2));
  expect(log.state.value).toEqual({ text: 'läuft\n', state: 'following', fault: null });
  end();
  await done;
  expect(log.state.value.state).toBe('ended');
  expect(paths).toEqual(['engines/a%2Fb/logs?tail=100&follow=true']);
});

test('reading again lets go of what was followed, and begins anew', async () => {
  const { api, signals, say } = source();
  const log = new LogFollower(api, keys, 'x');
  void log.read(100, true);
  await settle();
  await say(new TextEncoder().encode('old\n'));
  void log.read(200, false);
  await settle();
  expect(signals[0]!.aborted).toBe(true);
  expect(log.state.value).toEqual({ text: '', state: 'reading', fault: null });
});

test('a log without end keeps its end', async () => {
  const { api, say } = source();
  const log = new LogFollower(api, keys, 'x');
  void log.read(100, true);
  await settle();
  for (let count = 0; count < 6; count += 1) await say(new TextEncoder().encode('x'.repeat(100_000)));
  expect(log.state.value.text).toHaveLength(400_000);
  log.stop();
  expect(log.state.value.state).toBe('ended');
});

test('a refusal is told; a declined key is none', async () => {
  const refusing = { follow: () => Promise.reject(new ProblemError(404, 'engine_not_found', 'It is gone')) };
  const log = new LogFollower(refusing, keys, 'x');
  await log.read(100, false);
  expect(log.state.value).toMatchObject({ state: 'failed', fault: 'It is gone' });
  const declined = new LogFollower(refusing, { use: async () => null }, 'x');
  await declined.read(100, false);
  expect(declined.state.value.state).toBe('idle');
});
