import { setTimeout as pause } from 'node:timers/promises';
import type { WireStatus } from '../../src/service/api/views/status.ts';
import type { Label } from '../../src/service/config/values.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { BenchDocker } from './docker.ts';
import { FLEET_COMMAND, FLEET_HOST, FLEET_NETWORK } from './fleet.ts';
import { getJson } from './roundhouse.ts';

const POLL_MS = 2;
/** Responses count as correct if this many in a row are: one before a wrong one was a coincidence. */
const REQUIRED_IN_A_ROW = 25;
const TIMEOUT_MS = 10_000;

/** Settings with which the service adopts a fleet and does not replace or health-check engines meanwhile. */
export function adoptingSettings(docker: BenchDocker, label: Label): NodeJS.ProcessEnv {
  return {
    ENGINE_RUNTIME: 'docker',
    DOCKER_HOST: docker.host,
    ENGINE_IMAGE: docker.image,
    ENGINE_COMMAND: FLEET_COMMAND,
    CONTAINER_LABEL: `${label.name}=${label.value}`,
    DOCKER_NETWORK: FLEET_NETWORK,
    ENGINE_HOST: FLEET_HOST,
    MIN_REPLICAS: '0',
    MIN_FREE_REPLICAS: '0',
    STARTUP_TIMEOUT_S: '3600',
    HEALTH_CHECK_INTERVAL_S: '3600',
  };
}

/** Requests a path. Resolves to whether the response is correct. */
export type IsCorrect = () => Promise<boolean>;

/** Waits until the service has discovered `count` engines. */
export async function waitForEngines(url: string, count: number): Promise<void> {
  const isComplete = async () => (await readStatus(url)).engines.total === count;
  await waitUntil(`${count} engines are discovered`, isComplete, TIMEOUT_MS);
}

/** Requests the status of the orchestrator. */
export async function readStatus(url: string): Promise<WireStatus> {
  return await getJson<WireStatus>(`${url}/orchestrator/status`);
}

/**
 * Polls until the responses are correct and stay correct.
 * @returns when the first of them arrived, in milliseconds of `performance.now()`
 */
export async function timeWhenCorrect(what: string, isCorrect: IsCorrect): Promise<number> {
  const due = performance.now() + TIMEOUT_MS;
  let since = 0;
  for (let correct = 0; correct < REQUIRED_IN_A_ROW; ) {
    const outcome = await isCorrect();
    const now = performance.now();
    if (!outcome) correct = 0;
    else if (correct++ === 0) since = now;
    if (now > due) throw new Error(`not correct after ${TIMEOUT_MS / 1000} s: ${what}`);
    await pause(POLL_MS);
  }
  return since;
}

/** Converts a timestamp of Docker to milliseconds of `performance.now()`. */
export function performanceTime(time: string): number {
  return performance.now() - (Date.now() - Date.parse(time));
}
