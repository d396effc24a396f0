import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import type { EventLog } from '../../../src/service/event-log/event-log.ts';
import { databasesIn, makeFolder, startHistory } from './support.ts';

const WRITER = join(import.meta.dirname, 'fixtures/writer.ts');

/** Runs a writer and kills it when it has told of `events` written ones. @returns the last number it told. */
async function writeAndKill(folder: string, events: number): Promise<number> {
  const writer = spawn(process.execPath, [WRITER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    writer.kill('SIGKILL');
  });
  const exited = once(writer, 'exit');
  let told = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    told = Number(line);
    if (told >= events) writer.kill('SIGKILL');
  }
  await exited;
  return told;
}

async function numbersIn(history: EventLog): Promise<number[]> {
  const { total } = await history.figures();
  const numbers: number[] = [];
  while (numbers.length < total) {
    const events = await history.events({ limit: 1000, offset: numbers.length });
    numbers.push(...events.map(({ details }) => Number(details.number)));
  }
  return numbers.reverse();
}

it.each([1, 500, 3000])(
  'a process killed after %i events loses none that were written',
  { timeout: 30_000 },
  async (events) => {
    const folder = await makeFolder();
    const told = await writeAndKill(folder, events);
    expect(told).toBeGreaterThanOrEqual(events);
    const { history, reports } = startHistory(folder);
    const numbers = await numbersIn(history);
    // What was told is there, nothing is there twice, and nothing is missing in between.
    expect(numbers.length).toBeGreaterThanOrEqual(told);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(reports).toEqual([]);
    expect(await databasesIn(folder)).toEqual(['history.sqlite']);
  },
);
