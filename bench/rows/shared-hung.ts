import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Row } from '../row.ts';
import { Cleanup } from '../support/cleanup.ts';
import { atMost, type Finding, type Target } from '../support/measure.ts';
import { startOrigin } from '../support/origin.ts';
import { type Reader, startReader } from '../support/reader.ts';
import { openRedis } from '../support/redis.ts';
import { GUARDED_SUBJECTS, OURS, SUBJECTS } from '../support/shared-subjects.ts';

const ORIGIN_MS = 10;
const DEADLINE_MS = 5000;
/** One cache is measured after another; those that hang are not waited for. */
const TURN_MS = 300;
const LATER = 5;

/** A command's deadline, the origin's time, and some for the machine. */
const HANGS_TARGET = atMost(600);
/** Nobody waits for a Redis that was never there. */
const HUNG_TARGET = atMost(100);

/** What a cache is asked for while Redis hangs, and the times it took, by round. */
interface Question {
  what: string;
  subject: string;
  target: Target | null;
  rounds: number[];
}

export const sharedHung: Row = {
  name: 'shared-hung',
  title: `A read with Redis hung (SIGSTOP), origin ${ORIGIN_MS} ms, given up after ${DEADLINE_MS / 1000} s`,
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const rounds = quick ? 1 : 3;
    const subjects = Object.keys({ ...SUBJECTS, ...GUARDED_SUBJECTS });
    const ask = (what: string, target: Target) =>
      subjects.map(
        (subject): Question => ({
          what,
          subject,
          target: subject === OURS ? target : null,
          rounds: [],
        }),
      );
    const first = ask('hangs while connected, first read', HANGS_TARGET);
    const later = ask(`hangs while connected, read ${LATER}, one after another`, HUNG_TARGET);
    const atStart = ask('hung before the start, first read', HUNG_TARGET);
    for (let round = 0; round < rounds; round += 1) await runRound(first, later, atStart, cleanup);
    return [first, later, atStart].flatMap((questions) =>
      questions.map(({ what, subject, target, rounds: measured }) => ({
        what: `${what}: ${subject}${measured.every((ms) => ms >= DEADLINE_MS) ? ', never answered' : ''}`,
        unit: 'ms' as const,
        target,
        rounds: measured,
      })),
    );
  },
};

async function runRound(
  first: readonly Question[],
  later: readonly Question[],
  atStart: readonly Question[],
  whole: Cleanup,
): Promise<void> {
  const cleanup = new Cleanup();
  const end = whole.add(() => cleanup.run());
  const [hanging, hung] = [await openRedis(cleanup), await openRedis(cleanup)];
  const origin = await startOrigin(cleanup, ORIGIN_MS);
  const read = await startReader(cleanup, origin);
  for (const { subject } of first) {
    await read({ do: 'connect', subject, redisUrl: hanging.url });
    await timeOf(read, subject, hanging.url, 'before');
  }
  await hanging.kill('SIGSTOP');
  await hung.kill('SIGSTOP');
  const under: Promise<void>[] = [];
  for (const [index, question] of first.entries()) {
    under.push(askConnected(read, question, later[index]!, hanging.url));
    await Promise.race([under.at(-1), pause(TURN_MS)]);
  }
  for (const { subject, rounds } of atStart) {
    const answer = timeOf(read, subject, hung.url, 'first').then((ms) => void rounds.push(ms));
    under.push(answer);
    await Promise.race([answer, pause(TURN_MS)]);
  }
  await Promise.all(under);
  await end();
}

async function askConnected(read: Reader, first: Question, later: Question, url: string): Promise<void> {
  const { subject } = first;
  let ms = await timeOf(read, subject, url, 'read-1');
  first.rounds.push(ms);
  for (let count = 2; count <= LATER && ms < DEADLINE_MS; count += 1) {
    ms = await timeOf(read, subject, url, `read-${count}`);
  }
  later.rounds.push(ms);
}

/** Milliseconds until a read of a key that no cache has is answered, and the deadline if it is not. */
async function timeOf(read: Reader, subject: string, redisUrl: string, name: string): Promise<number> {
  const key = `${subject}:${name}`;
  const order = { do: 'read', subject, redisUrl, key, readers: 1, deadlineMs: DEADLINE_MS } as const;
  return (await read(order)).tookMs ?? DEADLINE_MS;
}
