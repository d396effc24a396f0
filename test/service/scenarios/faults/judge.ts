import { PROBLEMS } from '../../../../src/service/api/schemas/problem.ts';

/** What the cache promises of an answer's age, in seconds. */
export interface Promises {
  /** How long the answers of a path are fresh. */
  ttlS: Record<string, number>;
  /** How long past its freshness an answer may stand in. */
  staleIfErrorS: number;
  /** Deadline of one load. */
  loadTimeoutS: number;
}

/** An answer as a poller got it. */
export interface Polled {
  path: string;
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** When it was asked for, in milliseconds since the epoch: it was written then or later. */
  askedAt: number;
}

/** How an answer came about, as `Cache-Status` tells; the status code of one that has none. */
export function kindOf({ status, headers }: Pick<Polled, 'status' | 'headers'>): string {
  const told = /^roundhouse; (hit|fwd=\w+)/.exec(String(headers['cache-status']))?.[1];
  return told?.replace('fwd=', '') ?? String(status);
}

/** What is wrong with an answer: nothing, if the promises are kept. */
export function judge(polled: Polled, promises: Promises): string[] {
  const { status } = polled;
  if (status === 503) return judgeProblem(polled);
  if (status !== 200 && status !== 304) return [`status ${status}`];
  const faults = judgeAge(polled, promises);
  if (polled.headers.etag === undefined) faults.push('no ETag');
  return faults;
}

function judgeProblem({ headers, body }: Polled): string[] {
  if (headers['content-type'] !== 'application/problem+json') return ['503, and no problem+json'];
  const { code } = JSON.parse(body) as { code: string };
  const isDocumented = Object.entries(PROBLEMS).some(([name, { status }]) => name === code && status === 503);
  return isDocumented ? [] : [`503 with the code ${code}`];
}

function judgeAge(polled: Polled, { ttlS: ttls, staleIfErrorS, loadTimeoutS }: Promises): string[] {
  const kind = kindOf(polled);
  const ttlS = ttls[polled.path]!;
  // A watched answer is served past its time while its successor is being loaded, yet not past twice its time.
  const oldestS = kind === 'stale' ? ttlS + staleIfErrorS : 2 * ttlS;
  const ageS = Number(polled.headers.age);
  const faults: string[] = [];
  if (!/^(hit|miss|stale)$/.test(kind)) faults.push(`Cache-Status: ${polled.headers['cache-status']}`);
  if (!(ageS <= oldestS)) faults.push(`${kind} at the age of ${polled.headers.age} s`);
  // Its own words count, not only its header: what it says was made before the load that made it ended.
  const madeAt = polled.status === 200 ? momentIn(polled.body) : null;
  if (madeAt === null) return faults;
  const atLeastS = (polled.askedAt - madeAt) / 1000 - loadTimeoutS;
  if (atLeastS > oldestS) faults.push(`${kind}, and made ${atLeastS} s before it was asked for`);
  if (atLeastS > ageS + 1) faults.push(`an Age of ${ageS} s where ${atLeastS} s have passed`);
  return faults;
}

/** When an answer says that it was made, in milliseconds since the epoch. */
function momentIn(body: string): number | null {
  const { timestamp, last_check_at: lastCheckAt } = JSON.parse(body) as Record<string, unknown>;
  const moment = timestamp ?? lastCheckAt;
  return typeof moment === 'string' ? Date.parse(moment) : null;
}
