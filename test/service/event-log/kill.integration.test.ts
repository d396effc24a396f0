import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import type { EventLog } from '../../../src/service/event-log/event-log.ts';
import { databasesIn, makeFolder, startEventLog } from './support.ts';

const WRITER = join(import.meta.dirname, 'fixtures/writer.ts');

/** Runs a writer and kills it once it has stored `events` events. @returns the last number it printed */
async function writeAndKill(folder: string, events: number): Promise<number> {
  const writer = spawn(process.execPath, [WRITER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    writer.kill('SIGKILL');
  });
  const exited = once(writer, 'exit');
  let stored = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    stored = Number(line);
    if (stored >= events) writer.kill('SIGKILL');
  }
  await exited;
  return stored;
}

async function numbersIn(eventLog: EventLog): Promise<number[]> {
  const { total } = await eventLog.stats();
  const numbers: number[] = [];
  while (numbers.length < total) {
    const events = await eventLog.events({ limit: 1000, offset: numbers.length });
    numbers.push(...events.map(({ details }) => Number(details.number)));
  }
  return numbers.reverse();
}

it.each([1, 500, 3000])(
  'a process killed after %i events loses no stored event',
  { timeout: 30_000 },
  async (events) => {
    const folder = await makeFolder();
    const stored = await writeAndKill(folder, events);
    expect(stored).toBeGreaterThanOrEqual(events);
    const { eventLog, logLines } = startEventLog(folder);
    const numbers = await numbersIn(eventLog);
    // At least the events it printed, without duplicates or gaps.
    expect(numbers.length).toBeGreaterThanOrEqual(stored);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(logLines).toEqual([]);
    expect(await databasesIn(folder)).toEqual(['history.sqlite']);
  },
);
