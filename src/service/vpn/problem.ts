import type { ControlFailure } from './control-facts.ts';
import { RefusedError } from './control-server.ts';
import type { VpnObservation } from './observation.ts';

/**
 * What is wrong with a VPN. The first three are about its container, `unhealthy` about its tunnel, and the others about
 * its control server: `unauthorized` if it responds with 401 or 403.
 */
export const VPN_PROBLEMS = [
  'container_missing',
  'container_stopped',
  'starting',
  'unhealthy',
  'unauthorized',
  'no_response',
] as const;

/** What is wrong with a VPN, and since when. Times are milliseconds since the epoch. */
export interface VpnProblem {
  code: (typeof VPN_PROBLEMS)[number];
  /** A sentence for the operator. */
  message: string;
  /** When it was first observed by this process. */
  since: number;
  /** When the control server last responded; null if it has not. The facts it reported are from then. */
  respondedAt: number | null;
}

/** The problem without its times. */
type Cause = Pick<VpnProblem, 'code' | 'message'>;

/**
 * Derives the problem of a VPN from an observation of it.
 * @param previous the problem so far: one that lasts keeps its start
 * @param control the latest failure of its control server, or null
 * @param now milliseconds since the epoch
 */
export function nextProblem(
  previous: VpnProblem | null,
  observation: Pick<VpnObservation, 'state' | 'health'>,
  control: ControlFailure | null,
  respondedAt: number | null,
  now: number,
): VpnProblem | null {
  const cause = causeOf(observation, control);
  if (!cause) return null;
  const since = previous?.code === cause.code ? previous.since : now;
  return { ...cause, since, respondedAt };
}

function causeOf(
  { state, health }: Pick<VpnObservation, 'state' | 'health'>,
  control: ControlFailure | null,
): Cause | null {
  if (state === 'not_found') return { code: 'container_missing', message: 'No container has this name' };
  if (state === 'stopped' && health === 'unhealthy')
    return { code: 'container_stopped', message: 'The container or its tunnel is stopped' };
  if (health === 'starting') return { code: 'starting', message: 'The tunnel is starting' };
  if (health === 'unhealthy') return { code: 'unhealthy', message: `The tunnel does not work (${state})` };
  const failure = control && ofControlServer(control, health === 'healthy');
  if (failure || health === 'healthy') return failure;
  return { code: 'no_response', message: 'The state of the tunnel is unknown' };
}

/** A working VPN may have a control server without the route of a fact. */
function ofControlServer({ error }: ControlFailure, works: boolean): Cause | null {
  const message = error.message;
  if (!(error instanceof RefusedError)) return { code: 'no_response', message };
  if (error.status === 401 || error.status === 403) return { code: 'unauthorized', message };
  return works ? null : { code: 'no_response', message };
}
