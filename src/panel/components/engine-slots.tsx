import { plural } from '../lib/format.ts';
import { engineHref } from '../lib/router.ts';
import type { Engine, Status } from '../lib/wire.ts';

const MAX_SLOTS = 120;

/** One slot per engine that may run, coloured by the state of its engine. */
export function EngineSlots({ engines, status }: { engines: readonly Engine[]; status: Status }) {
  const { max_replicas: max, min_replicas: min } = status.capacity;
  const vacant = Math.max(0, Math.min(max, MAX_SLOTS) - engines.length);
  return (
    <>
      <ul class="slots" aria-label="Engines">
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
          <span class="slot-swatch used" /> In use
        </span>
        <span class="legend-item">
          <span class="slot-swatch free" /> Available
        </span>
        <span class="legend-item">
          <span class="slot-swatch starting" /> Starting
        </span>
        <span class="legend-item">
          <span class="slot-swatch unhealthy" /> Not responding
        </span>
        <span class="legend-end">
          Minimum {min}, maximum {max}
        </span>
      </p>
    </>
  );
}

function Slot({ engine }: { engine: Engine }) {
  const { container_id, container_name, health_status, paused, streams } = engine;
  const state = stateOf(engine);
  const usage = streams.length > 0 ? `, ${plural(streams.length, 'stream')}` : '';
  const health = health_status === 'unknown' ? 'starting' : health_status;
  const label = `${container_name}: ${paused ? 'paused' : health}${usage}`;
  return (
    <a class={`slot ${state}`} href={engineHref(container_id)} title={label} aria-label={label}>
      {streams.length > 0 ? streams.length : ''}
    </a>
  );
}

function stateOf({ health_status, streams }: Engine): string {
  if (health_status === 'unhealthy') return 'unhealthy';
  if (streams.length > 0) return 'used';
  return health_status === 'unknown' ? 'starting' : 'free';
}
