import { plural } from './format.ts';
import type { Status } from './wire.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'idle';

/** The state of the whole as one would say it. */
export interface Words {
  tone: Tone;
  title: string;
  reason: string;
}

export function describeStatus({ status, engines, capacity, provisioning }: Status): Words {
  const { blocked_reason: blocked, blocked_reason_details: details } = provisioning;
  const starting = engines.total - engines.healthy - engines.unhealthy;
  const counts = [
    `${engines.healthy} of ${plural(engines.total, 'engine')} healthy`,
    ...(starting > 0 ? [`${starting} starting`] : []),
    ...(engines.unhealthy > 0 ? [`${engines.unhealthy} not answering`] : []),
    `${capacity.available} free for a stream`,
  ].join(', ');

  if (status === 'unavailable') {
    const why = blocked ?? describeAbsence(capacity.min_replicas, provisioning.last_failure);
    return { tone: 'bad', title: 'No engine is running', reason: sentence(why) };
  }
  if (status === 'degraded') {
    return {
      tone: 'warn',
      title: 'No new engine can start',
      reason: `${sentence(blocked ?? '')} ${counts}.`,
    };
  }
  if (engines.unhealthy > 0)
    return { tone: 'warn', title: 'Some engines do not answer', reason: `${counts}.` };
  if (details?.code === 'max_capacity') {
    return { tone: 'good', title: 'Running at capacity', reason: `${counts}. No more may be started.` };
  }
  if (engines.healthy === 0) return { tone: 'idle', title: 'Engines are starting', reason: `${counts}.` };
  return { tone: 'good', title: 'All is well', reason: `${counts}.` };
}

const BREAKER = {
  closed: { tone: 'good', text: 'Closed', note: 'engines can be started' },
  half_open: { tone: 'warn', text: 'Half open', note: 'the next start is a trial' },
  open: { tone: 'bad', text: 'Open', note: 'starting engines has failed too often; it waits' },
} as const;

export function describeBreaker(state: Status['provisioning']['circuit_breaker_state']) {
  return BREAKER[state];
}

/** Why none runs although one could be started. */
function describeAbsence(wanted: number, lastFailure: string | null): string {
  if (wanted === 0) return 'Provision one on the Engines page, or set MIN_REPLICAS to keep some running';
  if (lastFailure !== null)
    return "The last start has failed and is tried again; the service's own log says why";
  return `${wanted} at least should be; they have not been started yet`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
