import { setTimeout as pause } from 'node:timers/promises';
import type { WireStatus } from '../../src/service/api/views/status.ts';
import type { Label } from '../../src/service/config/values.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { BenchDocker } from './docker.ts';
import { FLEET_COMMAND, FLEET_HOST, FLEET_NETWORK } from './fleet.ts';
import { getJson } from './roundhouse.ts';

const POLL_MS = 2;
/** An answer counts as right once it stays so: one that goes back was not. */
const RIGHT_IN_A_ROW = 25;
const DEADLINE_MS = 10_000;

/** The settings by which the service adopts a fleet, and neither replaces nor judges an engine meanwhile. */
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

/** Whether the answers of a path are right. */
export type IsRight = () => Promise<boolean>;

/** Waits until the service knows so many engines. */
export async function untilKnown(url: string, count: number): Promise<void> {
  const known = async () => (await readStatus(url)).engines.total === count;
  await waitUntil('the engines are known', known, DEADLINE_MS);
}

export async function readStatus(url: string): Promise<WireStatus> {
  return await getJson<WireStatus>(`${url}/orchestrator/status`);
}

/**
 * Polls until the answers are right and stay so.
 * @returns when the first of them had arrived, in milliseconds of `performance.now()`
 */
export async function momentOfTruth(what: string, isRight: IsRight): Promise<number> {
  const due = performance.now() + DEADLINE_MS;
  let since = 0;
  for (let right = 0; right < RIGHT_IN_A_ROW; ) {
    const answer = await isRight();
    const now = performance.now();
    if (!answer) right = 0;
    else if (right++ === 0) since = now;
    if (now > due) throw new Error(`still not right after ${DEADLINE_MS / 1000} s: ${what}`);
    await pause(POLL_MS);
  }
  return since;
}

/** A time that Docker tells, as it would have been read from `performance.now()`. */
export function momentOf(time: string): number {
  return performance.now() - (Date.now() - Date.parse(time));
}
