import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
import type { Cleanup } from './cleanup.ts';
import type { Origin } from './origin.ts';

/** A command to a reader process. The process opens the cache on its first command for it. */
export type ReaderCommand = { subject: string; redisUrl: string } & (
  | { do: 'connect' }
  | { do: 'read'; key: string; readers: number; timeoutMs: number }
);

/** Result of a command. */
export interface ReaderResult {
  /** Milliseconds until all reads have ended, including the opening of the cache; null after a timeout. */
  tookMs: number | null;
}

/**
 * Sends a command to a reader process.
 * @throws Error if a read fails
 */
export type Reader = (command: ReaderCommand) => Promise<ReaderResult>;

/** Starts a process that reads through caches in Redis. */
export async function startReader(cleanup: Cleanup, origin: Origin): Promise<Reader> {
  const program = fileURLToPath(new URL('shared-reader.ts', import.meta.url));
  const { readyValue: url } = await startChild(
    cleanup,
    { command: process.execPath, args: [program, origin.url] },
    (line) => (line.startsWith('http://') ? line : null),
  );
  return async (command) => {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(command) });
    if (response.ok) return (await response.json()) as ReaderResult;
    throw new Error(`${command.subject}: ${await response.text()}`);
  };
}
