/**
 * A process that reads through caches over Redis, each opened by its first order and kept:
 * `node shared-reader.ts <url of the origin>`. It prints its own URL, to which orders are posted.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Value } from './peers.ts';
import type { Answer, Order } from './reader.ts';
import { GUARDED_SUBJECTS, SUBJECTS, type Subject } from './shared-subjects.ts';

const [originUrl] = process.argv.slice(2);
if (originUrl === undefined) throw new Error('usage: shared-reader.ts origin-url');

const opened = new Map<string, Subject>();

async function obey(order: Order): Promise<Answer> {
  if (order.do === 'connect') {
    await subjectOf(order).ready();
    return { tookMs: 0 };
  }
  const { promise: overdue, resolve } = Promise.withResolvers<Answer>();
  const timer = setTimeout(() => resolve({ tookMs: null }), order.deadlineMs);
  const answer = read(order);
  // What comes later is nobody's any more.
  answer.catch(() => {});
  return await Promise.race([answer, overdue]).finally(() => clearTimeout(timer));
}

/** All readers at once; the time until the last of them has its answer. */
async function read(order: Extract<Order, { do: 'read' }>): Promise<Answer> {
  const begun = performance.now();
  const subject = subjectOf(order);
  await Promise.all(Array.from({ length: order.readers }, () => subject.read(order.key)));
  return { tookMs: performance.now() - begun };
}

function subjectOf({ subject, redisUrl }: Order): Subject {
  const id = `${redisUrl} ${subject}`;
  const known = opened.get(id);
  if (known) return known;
  const made = { ...SUBJECTS, ...GUARDED_SUBJECTS }[subject]!(redisUrl, load);
  opened.set(id, made);
  return made;
}

async function load(key: string): Promise<Value> {
  const response = await fetch(`${originUrl}/${encodeURIComponent(key)}`);
  return (await response.json()) as Value;
}

const server = createServer(async (request, response) => {
  try {
    response.end(JSON.stringify(await obey((await json(request)) as Order)));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
