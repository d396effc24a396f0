import { describe, expect, test } from 'vitest';
import type { LogOptions } from '../../../../src/service/engines/runtime.ts';
import { OutputLog } from '../../../../src/service/runtimes/process/output-log.ts';
import { settle } from '../../../support/fake-clock.ts';

const ALL = { tail: 5000, follow: false, since: null };

function signalled() {
  const controller = new AbortController();
  return { signal: controller.signal, leave: () => controller.abort() };
}

async function read(log: OutputLog, options: Partial<Omit<LogOptions, 'signal'>> = {}): Promise<string> {
  let text = '';
  for await (const bytes of log.read({ ...ALL, ...options, ...signalled() })) text += Buffer.from(bytes);
  return text;
}

function lines(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, index) => `line ${first + index}\n`).join('');
}

describe('the output', () => {
  test('is read by lines, however it arrived, including an unfinished last line', async () => {
    const log = new OutputLog();
    const sink = log.createSink();
    for (const part of ['o', 'ne\ntw', 'o\n', 'thr']) sink.write(Buffer.from(part));
    expect(await read(log)).toBe('one\ntwo\n');
    sink.end();
    expect(await read(log)).toBe('one\ntwo\nthr');
    expect(await read(log, { tail: 2 })).toBe('two\nthr');
  });

  test('of two streams is not mixed within a line', async () => {
    const log = new OutputLog();
    const [out, err] = [log.createSink(), log.createSink()];
    out.write(Buffer.from('half '));
    err.write(Buffer.from('fault\n'));
    out.write(Buffer.from('whole\n'));
    expect(await read(log)).toBe('fault\nhalf whole\n');
  });

  test('is limited by lines', async () => {
    const log = new OutputLog();
    log.createSink().write(Buffer.from(lines(1, 6000)));
    expect(await read(log)).toBe(lines(1001, 6000));
    expect(await read(log, { tail: 3 })).toBe(lines(5998, 6000));
  });

  test('is limited by bytes, also for a line that never ends', async () => {
    const log = new OutputLog();
    const sink = log.createSink();
    for (let n = 0; n < 64; n += 1) sink.write(Buffer.alloc(100_000, 'x'));
    sink.write(Buffer.from('\nlast\n'));
    const text = await read(log);
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(text.length).toBeLessThanOrEqual(1024 * 1024);
    expect(text).toMatch(/x\nlast\n$/);
  });

  test('can be read since a time', async () => {
    const log = new OutputLog();
    log.createSink().write(Buffer.from('a\nb\n'));
    expect(await read(log, { since: Date.now() - 60_000 })).toBe('a\nb\n');
    expect(await read(log, { since: Date.now() + 60_000 })).toBe('');
    expect(await read(log, { since: Date.now() - 60_000, tail: 1 })).toBe('b\n');
  });
});

describe('a reader that follows', () => {
  function follow(log: OutputLog, tail = 5000) {
    const { signal, leave } = signalled();
    const reading = { text: '', ended: false, leave };
    void (async () => {
      for await (const bytes of log.read({ tail, follow: true, since: null, signal }))
        reading.text += Buffer.from(bytes);
      reading.ended = true;
    })();
    return reading;
  }

  test('gets existing and new output, and ends with the log', async () => {
    const log = new OutputLog();
    const sink = log.createSink();
    sink.write(Buffer.from('a\nb\n'));
    const [one, other] = [follow(log, 1), follow(log)];
    await settle();
    sink.write(Buffer.from('c\n'));
    await settle();
    expect([one.text, other.text, one.ended]).toEqual(['b\nc\n', 'a\nb\nc\n', false]);
    sink.write(Buffer.from('d'));
    sink.end();
    log.end();
    await settle();
    expect(one).toMatchObject({ text: 'b\nc\nd', ended: true });
    expect(await read(log)).toBe('a\nb\nc\nd');
  });

  test('ends when it aborts, unlike other readers', async () => {
    const log = new OutputLog();
    const [one, other] = [follow(log), follow(log)];
    await settle();
    one.leave();
    await settle();
    expect([one.ended, other.ended]).toEqual([true, false]);
    log.end();
    await settle();
    expect(other.ended).toBe(true);
  });

  test('that is too slow gets the number of missed lines', async () => {
    const log = new OutputLog();
    const sink = log.createSink();
    sink.write(Buffer.from(lines(1, 2)));
    const reading = log.read({ tail: 5000, follow: true, since: null, ...signalled() });
    expect(Buffer.from((await reading.next()).value!).toString()).toBe(lines(1, 2));
    sink.write(Buffer.from(lines(3, 5012)));
    expect(Buffer.from((await reading.next()).value!).toString()).toBe(
      '[10 lines are missing: the reader was too slow]\n',
    );
    expect(Buffer.from((await reading.next()).value!).toString()).toMatch(/^line 13\nline 14\n/);
    await reading.return(undefined);
  });
});
