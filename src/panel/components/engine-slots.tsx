import { plural } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { engineHref } from '../lib/router.ts';
import type { Engine, Status } from '../lib/wire.ts';
import { healthText } from './badge.tsx';

const MAX_SLOTS = 120;

/** One slot per engine that may run, coloured by the state of its engine. */
export function EngineSlots({ engines, status }: { engines: readonly Engine[]; status: Status }) {
  const { max_replicas: max, min_replicas: min } = status.capacity;
  const vacant = Math.max(0, Math.min(max, MAX_SLOTS) - engines.length);
  return (
    <>
      <ul class="slots" aria-label={t('Engines')}>
        {engines.slice(0, MAX_SLOTS).map((engine) => (
          <li key={engine.container_id}>
            <Slot engine={engine} />
          </li>
        ))}
        {Array.from({ length: vacant }, (_, index) => (
          <li key={`vacant ${index}`} aria-hidden="true">
            <span class="slot vacant" />
          </li>
        ))}
      </ul>
      <p class="slots-legend">
        <span class="legend-item">
          <span class="slot-swatch used" /> {t('In use')}
        </span>
        <span class="legend-item">
          <span class="slot-swatch free" /> {t('Available')}
        </span>
        <span class="legend-item">
          <span class="slot-swatch starting" /> {t('Starting')}
        </span>
        <span class="legend-item">
          <span class="slot-swatch unhealthy" /> {t('Not responding')}
        </span>
        <span class="legend-end">{t('Minimum {min}, maximum {max}', { min, max })}</span>
      </p>
    </>
  );
}

function Slot({ engine }: { engine: Engine }) {
  const { container_id, container_name, health_status, paused, streams } = engine;
  const state = stateOf(engine);
  const usage = streams.length > 0 ? `, ${plural(streams.length, 'stream')}` : '';
  const label = `${container_name}: ${healthText(health_status, paused).toLowerCase()}${usage}`;
  return (
    <a class={`slot ${state}`} href={engineHref(container_id)} title={label} aria-label={label}>
      {streams.length > 0 ? streams.length : ''}
    </a>
  );
}

/** The colour of an engine. */
export function stateOf({ health_status, streams }: Engine): string {
  if (health_status === 'unhealthy') return 'unhealthy';
  if (streams.length > 0) return 'used';
  return health_status === 'unknown' ? 'starting' : 'free';
}
