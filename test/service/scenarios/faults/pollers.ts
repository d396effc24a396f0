/**
 * Many clients that poll as panels do, each over a connection of its own, in a process of their own: what
 * they cost must not be taken for the service's slowness. Started with a {@link Polling} as JSON; every
 * message asks for a {@link PollReport}.
 */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { judge, kindOf, type Polled, type Promises } from './judge.ts';

export interface Polling extends Promises {
  origin: string;
  connections: number;
  /** How often each asks for all paths. */
  intervalMs: number;
}

/** What has been answered since the report before. */
export interface PollReport {
  /** Answers by path and kind. */
  answers: Record<string, Record<string, number>>;
  /** Answers that broke a promise, and requests that were not answered. */
  faults: number;
  /** The first few of those, in words. */
  examples: string[];
}

const ANSWER_DEADLINE_MS = 10_000;
/** One in so many asks for the answer whatever it has already, and so sees what the answer says. */
const UNCONDITIONAL = 10;
const MAX_EXAMPLES = 10;

const polling = JSON.parse(process.argv[2]!) as Polling;
const paths = Object.keys(polling.ttlS);
let report = newReport();

function newReport(): PollReport {
  return { answers: {}, faults: 0, examples: [] };
}

function count(path: string, kind: string): void {
  const kinds = report.answers[path] ?? {};
  kinds[kind] = (kinds[kind] ?? 0) + 1;
  report.answers[path] = kinds;
}

function blame(path: string, words: string): void {
  report.faults += 1;
  if (report.examples.length < MAX_EXAMPLES) report.examples.push(`${path}: ${words}`);
}

async function poll(number: number): Promise<never> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const etags = new Map<string, string>();
  const { connections, intervalMs } = polling;
  await pause((intervalMs * number) / connections);
  for (;;) {
    const begun = performance.now();
    for (const path of paths) {
      const conditional = number % UNCONDITIONAL === 0 ? undefined : etags.get(path);
      try {
        const polled = await ask(agent, path, conditional);
        if (typeof polled.headers.etag === 'string') etags.set(path, polled.headers.etag);
        count(path, kindOf(polled));
        for (const fault of judge(polled, polling)) blame(path, fault);
      } catch (error) {
        blame(path, `no answer: ${(error as Error).message}`);
      }
    }
    await pause(Math.max(0, intervalMs - (performance.now() - begun)));
  }
}

async function ask(agent: Agent, path: string, etag: string | undefined): Promise<Polled> {
  const { promise, resolve, reject } = Promise.withResolvers<Polled>();
  const askedAt = Date.now();
  const signal = AbortSignal.timeout(ANSWER_DEADLINE_MS);
  const headers = etag === undefined ? {} : { 'if-none-match': etag };
  request(polling.origin + path, { agent, headers, signal }, (response) => {
    text(response).then((body) => {
      resolve({ path, status: response.statusCode ?? 0, headers: response.headers, body, askedAt });
    }, reject);
  })
    .on('error', reject)
    .end();
  return await promise;
}

process.on('message', () => {
  process.send!(report);
  report = newReport();
});
process.once('disconnect', () => process.exit());
for (let number = 0; number < polling.connections; number += 1) void poll(number);
