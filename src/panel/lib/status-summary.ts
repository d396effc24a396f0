import { plural } from './format.ts';
import { t } from './i18n.ts';
import type { BreakerState, Status } from './wire.ts';

/** Severity, shown as a colour. */
export type Tone = 'good' | 'warn' | 'bad' | 'idle';

/** Overall state of the service in plain words. */
export interface StatusSummary {
  tone: Tone;
  title: string;
  detail: string;
}

/** Summarizes the status of a service without problems. */
export function summarizeStatus(status: Status): StatusSummary {
  const { engines, capacity, provisioning } = status;
  const detail = countEngines(status);
  if (engines.total === 0) {
    return {
      tone: 'idle',
      title: t('No engines running'),
      detail:
        capacity.min_replicas === 0
          ? t('As configured: MIN_REPLICAS is 0. Engines start when they are provisioned.')
          : t('The first engines are about to start.'),
    };
  }
  if (engines.healthy === 0) return { tone: 'idle', title: t('Engines are starting'), detail };
  if (provisioning.blocked_reason_details?.code === 'max_capacity') {
    const maximum = t('The maximum number of engines is running.');
    return { tone: 'good', title: t('Running at capacity'), detail: `${detail} ${maximum}` };
  }
  return { tone: 'good', title: t('All systems operational'), detail };
}

/** `1 of 3 engines healthy, 1 starting, 1 not responding, 2 available for streams.` */
export function countEngines({ engines, capacity }: Status): string {
  const starting = engines.total - engines.healthy - engines.unhealthy;
  const parts = [
    t('{healthy} of {engines} healthy', {
      healthy: engines.healthy,
      engines: plural(engines.total, 'engine'),
    }),
    ...(starting > 0 ? [t('{n} starting', { n: starting })] : []),
    ...(engines.unhealthy > 0 ? [t('{n} not responding', { n: engines.unhealthy })] : []),
    t('{n} available for streams', { n: capacity.available }),
  ];
  return `${parts.join(', ')}.`;
}

/** Name, tone and description of a state of the circuit breaker. */
export function describeBreaker(state: BreakerState) {
  const descriptions = {
    closed: { tone: 'good', text: t('Closed'), description: t('Engines can be started') },
    half_open: { tone: 'warn', text: t('Half open'), description: t('The next start is a trial') },
    open: {
      tone: 'bad',
      text: t('Open'),
      description: t('Engine starts are paused after repeated failures'),
    },
  } as const;
  return descriptions[state];
}
