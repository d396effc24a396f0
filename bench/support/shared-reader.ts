/**
 * A process that reads through caches in Redis:
 *
 *     node shared-reader.ts <origin-url>
 *
 * It prints a URL, to which commands are sent by POST. A cache is opened by the first command for it.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Value } from './peers.ts';
import type { ReaderCommand, ReaderResult } from './reader.ts';
import { GUARDED_SUBJECTS, SUBJECTS, type Subject } from './shared-subjects.ts';

const [originUrl] = process.argv.slice(2);
if (originUrl === undefined) throw new Error('usage: shared-reader.ts <origin-url>');

const opened = new Map<string, Subject>();

async function execute(command: ReaderCommand): Promise<ReaderResult> {
  if (command.do === 'connect') {
    await subjectOf(command).ready();
    return { tookMs: 0 };
  }
  const { promise: timeout, resolve } = Promise.withResolvers<ReaderResult>();
  const timer = setTimeout(() => resolve({ tookMs: null }), command.timeoutMs);
  const result = read(command);
  // The read may fail after the timeout.
  result.catch(() => {});
  return await Promise.race([result, timeout]).finally(() => clearTimeout(timer));
}

/** Makes all reads concurrently. Measures until the last one has ended. */
async function read(command: Extract<ReaderCommand, { do: 'read' }>): Promise<ReaderResult> {
  const startedAt = performance.now();
  const subject = subjectOf(command);
  await Promise.all(Array.from({ length: command.readers }, () => subject.read(command.key)));
  return { tookMs: performance.now() - startedAt };
}

function subjectOf({ subject, redisUrl }: ReaderCommand): Subject {
  const id = `${redisUrl} ${subject}`;
  const existing = opened.get(id);
  if (existing) return existing;
  const created = { ...SUBJECTS, ...GUARDED_SUBJECTS }[subject]!(redisUrl, load);
  opened.set(id, created);
  return created;
}

async function load(key: string): Promise<Value> {
  const response = await fetch(`${originUrl}/${encodeURIComponent(key)}`);
  return (await response.json()) as Value;
}

const server = createServer(async (request, response) => {
  try {
    response.end(JSON.stringify(await execute((await json(request)) as ReaderCommand)));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
