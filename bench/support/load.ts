import { createRequire } from 'node:module';
import { run } from '../../test/support/run.ts';
import { findOrInstall, thisMachine } from '../../test/support/system-packages.ts';

const CONNECTIONS = 32;
/** Beyond its duration, for a generator to start and to write its report. */
const GRACE_MS = 10_000;

/** What a server answered under load. */
export interface LoadReport {
  requests: number;
  requestsPerS: number;
}

export interface LoadGenerator {
  name: string;
  /**
   * Asks for a URL over 32 connections for so many whole seconds, from a process of its own.
   * @throws Error where a single request failed or was not answered with 2xx.
   */
  run(url: string, seconds: number): Promise<LoadReport>;
}

/** wrk, installed where that is possible; else autocannon, which takes more of the machine for itself. */
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

/** The parts that matter of autocannon's report. Its duration is in seconds. */
interface Report {
  errors: number;
  non2xx: number;
  duration: number;
  requests: { total: number };
}

function readNumber(report: string, pattern: RegExp): number {
  const found = pattern.exec(report)?.[1];
  if (found === undefined) throw new Error(`the report lacks ${pattern}: ${report}`);
  return Number(found);
}
