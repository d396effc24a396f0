import { plural } from './format.ts';
import type { BreakerState, Status } from './wire.ts';

/** Severity, shown as a colour. */
export type Tone = 'good' | 'warn' | 'bad' | 'idle';

/** Overall state of the service in plain words. */
export interface StatusSummary {
  tone: Tone;
  title: string;
  detail: string;
}

/** Summarizes the status of the service for the overview. */
export function summarizeStatus({ status, engines, capacity, provisioning }: Status): StatusSummary {
  const { blocked_reason: blocked, blocked_reason_details: details } = provisioning;
  const starting = engines.total - engines.healthy - engines.unhealthy;
  const counts = [
    `${engines.healthy} of ${plural(engines.total, 'engine')} healthy`,
    ...(starting > 0 ? [`${starting} starting`] : []),
    ...(engines.unhealthy > 0 ? [`${engines.unhealthy} not responding`] : []),
    `${capacity.available} available for streams`,
  ].join(', ');

  if (status === 'unavailable') {
    const reason = blocked ?? whyNoEngine(capacity.min_replicas, provisioning.last_failure);
    return { tone: 'bad', title: 'No engines running', detail: sentence(reason) };
  }
  if (status === 'degraded') {
    const reason = blocked === null ? '' : `${sentence(blocked)} `;
    return { tone: 'warn', title: 'New engines cannot start', detail: `${reason}${counts}.` };
  }
  if (engines.unhealthy > 0)
    return { tone: 'warn', title: 'Some engines are not responding', detail: `${counts}.` };
  if (details?.code === 'max_capacity')
    return {
      tone: 'good',
      title: 'Running at capacity',
      detail: `${counts}. The maximum number of engines is running.`,
    };
  if (engines.healthy === 0) return { tone: 'idle', title: 'Engines are starting', detail: `${counts}.` };
  return { tone: 'good', title: 'All systems operational', detail: `${counts}.` };
}

const BREAKER = {
  closed: { tone: 'good', text: 'Closed', description: 'Engines can be started' },
  half_open: { tone: 'warn', text: 'Half open', description: 'The next start is a trial' },
  open: { tone: 'bad', text: 'Open', description: 'Engine starts are paused after repeated failures' },
} as const;

/** Name, tone and description of a state of the circuit breaker. */
export function describeBreaker(state: BreakerState) {
  return BREAKER[state];
}

/** Why no engine is running although provisioning is possible. */
function whyNoEngine(minReplicas: number, lastFailure: string | null): string {
  if (minReplicas === 0)
    return 'Provision an engine on the Engines page, or set MIN_REPLICAS to keep some running';
  if (lastFailure !== null) return 'The last start failed and will be retried; see the log of the service';
  return `At least ${plural(minReplicas, 'engine')} should be running, but none has been started yet`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
