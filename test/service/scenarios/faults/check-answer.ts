import { PROBLEMS } from '../../../../src/service/api/schemas/problem.ts';

/** Limits for the age of answers, in seconds. */
export interface AgeLimits {
  /** TTL by path. */
  ttlS: Record<string, number>;
  /** How long after its expiry an answer may be served as stale. */
  staleIfErrorS: number;
  /** Timeout of a load. */
  loadTimeoutS: number;
}

/** A response to a poll. */
export interface PolledResponse {
  path: string;
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** Time of the request, in milliseconds since the epoch. */
  requestedAt: number;
}

/** Returns the outcome in `Cache-Status` (`hit`, `miss`, `stale`), or the status code of a response without this field. */
export function outcomeOf({ status, headers }: Pick<PolledResponse, 'status' | 'headers'>): string {
  const outcome = /^roundhouse; (hit|fwd=\w+)/.exec(String(headers['cache-status']))?.[1];
  return outcome?.replace('fwd=', '') ?? String(status);
}

/** Checks a response. @returns its errors; none if it is correct and within the limits */
export function checkAnswer(polled: PolledResponse, limits: AgeLimits): string[] {
  const { status } = polled;
  if (status === 503) return checkProblem(polled);
  if (status !== 200 && status !== 304) return [`status ${status}`];
  const errors = checkAge(polled, limits);
  if (polled.headers.etag === undefined) errors.push('no ETag');
  return errors;
}

function checkProblem({ headers, body }: PolledResponse): string[] {
  if (headers['content-type'] !== 'application/problem+json') return ['503 without problem+json'];
  const { code } = JSON.parse(body) as { code: string };
  const isDocumented = Object.entries(PROBLEMS).some(([name, { status }]) => name === code && status === 503);
  return isDocumented ? [] : [`503 with the code ${code}`];
}

function checkAge(polled: PolledResponse, { ttlS: ttls, staleIfErrorS, loadTimeoutS }: AgeLimits): string[] {
  const outcome = outcomeOf(polled);
  const ttlS = ttls[polled.path]!;
  // A watched answer is served after its TTL while it is being refreshed, up to twice the TTL.
  const maxAgeS = outcome === 'stale' ? ttlS + staleIfErrorS : 2 * ttlS;
  const ageS = Number(polled.headers.age);
  const errors: string[] = [];
  if (!/^(hit|miss|stale)$/.test(outcome)) errors.push(`Cache-Status: ${polled.headers['cache-status']}`);
  if (!(ageS <= maxAgeS)) errors.push(`${outcome} with an age of ${polled.headers.age} s`);
  // Also checks the time in the body, not only the header field. It is from before the end of the load.
  const createdAt = polled.status === 200 ? timeIn(polled.body) : null;
  if (createdAt === null) return errors;
  const minAgeS = (polled.requestedAt - createdAt) / 1000 - loadTimeoutS;
  if (minAgeS > maxAgeS) errors.push(`${outcome} that was created ${minAgeS} s before the request`);
  if (minAgeS > ageS + 1) errors.push(`Age: ${ageS}, but created ${minAgeS} s before the request`);
  return errors;
}

/** Returns the time in the body at which the answer was created, in milliseconds since the epoch, or null. */
function timeIn(body: string): number | null {
  const { timestamp, last_check_at: lastCheckAt } = JSON.parse(body) as Record<string, unknown>;
  const time = timestamp ?? lastCheckAt;
  return typeof time === 'string' ? Date.parse(time) : null;
}
