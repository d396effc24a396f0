/**
 * Many clients that poll like panels, each with a separate connection. They run in a separate process, so that their CPU
 * time does not count as slowness of the service. The argument is a {@link Polling} as JSON; the process responds to each
 * message with a {@link PollReport}.
 */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { type AgeLimits, checkAnswer, outcomeOf, type PolledResponse } from './check-answer.ts';

/** What the clients poll. */
export interface Polling extends AgeLimits {
  /** Origin of the service. */
  origin: string;
  /** Number of clients. */
  connections: number;
  /** Interval at which each client polls all paths, in milliseconds. */
  intervalMs: number;
}

/** The responses since the previous report. */
export interface PollReport {
  /** Number of responses by path and outcome. */
  answers: Record<string, Record<string, number>>;
  /** Number of errors: incorrect responses and failed requests. */
  errors: number;
  /** Descriptions of the first errors. */
  examples: string[];
}

const REQUEST_TIMEOUT_MS = 10_000;
/** One in this many clients sends unconditional requests, and so always receives a body. */
const UNCONDITIONAL = 10;
const MAX_EXAMPLES = 10;

const polling = JSON.parse(process.argv[2]!) as Polling;
const paths = Object.keys(polling.ttlS);
let report = newReport();

function newReport(): PollReport {
  return { answers: {}, errors: 0, examples: [] };
}

function count(path: string, outcome: string): void {
  const outcomes = report.answers[path] ?? {};
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  report.answers[path] = outcomes;
}

function addError(path: string, message: string): void {
  report.errors += 1;
  if (report.examples.length < MAX_EXAMPLES) report.examples.push(`${path}: ${message}`);
}

async function poll(number: number): Promise<never> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const etags = new Map<string, string>();
  const { connections, intervalMs } = polling;
  await pause((intervalMs * number) / connections);
  for (;;) {
    const startedAt = performance.now();
    for (const path of paths) {
      const conditional = number % UNCONDITIONAL === 0 ? undefined : etags.get(path);
      try {
        const polled = await get(agent, path, conditional);
        if (typeof polled.headers.etag === 'string') etags.set(path, polled.headers.etag);
        count(path, outcomeOf(polled));
        for (const error of checkAnswer(polled, polling)) addError(path, error);
      } catch (error) {
        addError(path, `no response: ${(error as Error).message}`);
      }
    }
    await pause(Math.max(0, intervalMs - (performance.now() - startedAt)));
  }
}

async function get(agent: Agent, path: string, etag: string | undefined): Promise<PolledResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<PolledResponse>();
  const requestedAt = Date.now();
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  const headers = etag === undefined ? {} : { 'if-none-match': etag };
  request(polling.origin + path, { agent, headers, signal }, (response) => {
    text(response).then((body) => {
      resolve({ path, status: response.statusCode ?? 0, headers: response.headers, body, requestedAt });
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
