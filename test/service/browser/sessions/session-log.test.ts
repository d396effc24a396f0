import { expect, test } from 'vitest';
import { SessionLog } from '../../../../src/service/browser/sessions/session-log.ts';
import { settle } from '../../../support/fake-clock.ts';

const never = new AbortController().signal;
const ALL = { tail: 5000, follow: false, since: null, signal: never };

async function read(log: SessionLog, options: Partial<Parameters<SessionLog['read']>[0]> = {}) {
  let text = '';
  for await (const chunk of log.read({ ...ALL, ...options })) text += Buffer.from(chunk).toString();
  return text;
}

function createLog(secrets: readonly string[] = []) {
  let now = 0;
  return new SessionLog(secrets, () => {
    now += 1000;
    return now;
  });
}

test('lines have a time and a kind, and can be limited by number and time', async () => {
  const log = createLog();
  log.add('log', 'a');
  log.add('exception', 'b\n  at c');
  log.add('warning', 'd');
  expect(await read(log)).toBe(
    '1970-01-01T00:00:01.000Z [log] a\n1970-01-01T00:00:02.000Z [exception] b\n  at c\n1970-01-01T00:00:03.000Z [warning] d\n',
  );
  expect(await read(log, { tail: 1 })).toBe('1970-01-01T00:00:03.000Z [warning] d\n');
  expect(await read(log, { since: 3000 })).toBe('1970-01-01T00:00:03.000Z [warning] d\n');
});

test('is bounded by lines, characters and the length of a line', async () => {
  const many = createLog();
  for (let i = 0; i < 2100; i += 1) many.add('log', `line ${i}`);
  const lines = (await read(many)).trimEnd().split('\n');
  expect(lines).toHaveLength(2000);
  expect(lines[0]).toContain('line 100');
  const large = createLog();
  for (let i = 0; i < 100; i += 1) large.add('log', 'x'.repeat(1_000_000));
  const text = await read(large);
  expect(text.length).toBeLessThan(1_100_000);
  expect(text).toContain('… (1000006 characters)');
});

test('secrets are replaced, also at the end of a long line', async () => {
  const log = createLog(['secret-token']);
  log.add('log', 'the secret-token and secret-token');
  log.add('log', `${'x'.repeat(16 * 1024 - 20)}secret-token${'y'.repeat(50_000)}`);
  const text = await read(log);
  expect(text).toContain('the *** and ***');
  expect(text).not.toContain('secret');
});

test('a reader that follows gets new lines until the log ends', async () => {
  const log = createLog();
  log.add('log', 'a');
  const following = read(log, { follow: true });
  await settle();
  log.add('log', 'b');
  await settle();
  log.add('log', 'c');
  log.end();
  log.add('log', 'after the end');
  const text = await following;
  expect(text.match(/\] \w/g)).toEqual(['] a', '] b', '] c']);
  const controller = new AbortController();
  const open = createLog();
  const aborted = read(open, { follow: true, signal: controller.signal });
  await settle();
  controller.abort();
  expect(await aborted).toBe('');
});
