import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
import type { Cleanup } from './cleanup.ts';
import type { Origin } from './origin.ts';

/** What a reading process is told to do with a cache, which it opens if it has not yet. */
export type Order = { subject: string; redisUrl: string } & (
  | { do: 'connect' }
  | { do: 'read'; key: string; readers: number; deadlineMs: number }
);

export interface Answer {
  /** From the order to the last reader's answer, the opening of the cache included; null: over the deadline. */
  tookMs: number | null;
}

/** Another process, which reads as it is told. @throws Error where the cache gives one in place of an answer */
export type Reader = (order: Order) => Promise<Answer>;

export async function startReader(cleanup: Cleanup, origin: Origin): Promise<Reader> {
  const program = fileURLToPath(new URL('shared-reader.ts', import.meta.url));
  const { told: url } = await startChild(
    cleanup,
    { command: process.execPath, args: [program, origin.url] },
    (line) => (line.startsWith('http://') ? line : null),
  );
  return async (order) => {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(order) });
    if (response.ok) return (await response.json()) as Answer;
    throw new Error(`${order.subject}: ${await response.text()}`);
  };
}
