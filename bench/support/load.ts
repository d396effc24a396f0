import { createRequire } from 'node:module';
import { run } from '../../test/support/run.ts';
import { findOrInstall, thisMachine } from '../../test/support/system-packages.ts';

const CONNECTIONS = 32;
/** Time for the generator to start and to write its report, in addition to its duration. */
const GRACE_MS = 10_000;

/** Result of one run of a load generator. */
export interface LoadReport {
  /** Completed requests. */
  requests: number;
  requestsPerS: number;
}

/** A program that sends requests from a separate process. */
export interface LoadGenerator {
  name: string;
  /**
   * Requests a URL over 32 connections.
   * @param seconds duration, an integer
   * @throws Error if any request fails or has a status other than 2xx
   */
  run(url: string, seconds: number): Promise<LoadReport>;
}

/** wrk, installed if possible; otherwise autocannon, which needs more CPU time itself. */
export async function findLoadGenerator(): Promise<LoadGenerator> {
  const found = await findOrInstall({ wrk: 'wrk' }, { ...thisMachine(), ci: false });
  if ('missing' in found) return { name: 'autocannon', run: autocannon };
  return { name: 'wrk', run: (url, seconds) => wrk(found.paths.wrk, url, seconds) };
}

async function wrk(path: string, url: string, seconds: number): Promise<LoadReport> {
  const args = ['--threads', '1', '--connections', `${CONNECTIONS}`, '--duration', `${seconds}s`, url];
  const report = await run(path, args, { timeout: seconds * 1000 + GRACE_MS });
  if (/Non-2xx|Socket errors/.test(report)) throw new Error(`requests to ${url} failed: ${report}`);
  return {
    requests: readNumber(report, /^\s*(\d+) requests in /m),
    requestsPerS: readNumber(report, /^Requests\/sec:\s+([\d.]+)$/m),
  };
}

async function autocannon(url: string, seconds: number): Promise<LoadReport> {
  const program = createRequire(import.meta.url).resolve('autocannon');
  const args = [program, '--json', '--connections', `${CONNECTIONS}`, '--duration', `${seconds}`, url];
  const report = JSON.parse(
    await run(process.execPath, args, { timeout: seconds * 1000 + GRACE_MS }),
  ) as Report;
  if (report.errors + report.non2xx > 0) throw new Error(`requests to ${url} failed`);
  return { requests: report.requests.total, requestsPerS: report.requests.total / report.duration };
}

/** The relevant part of autocannon's report. `duration` is in seconds. */
interface Report {
  errors: number;
  non2xx: number;
  duration: number;
  requests: { total: number };
}

function readNumber(report: string, pattern: RegExp): number {
  const found = pattern.exec(report)?.[1];
  if (found === undefined) throw new Error(`the report does not match ${pattern}: ${report}`);
  return Number(found);
}
