import { plural } from '../lib/format.ts';
import { engineHref } from '../lib/router.ts';
import type { Engine, Status } from '../lib/wire.ts';

/** More than this would be no picture any more. */
const MOST = 120;

/** The roundhouse: a stall for each engine that may run, in the state of the engine that stands in it. */
export function Stalls({ engines, status }: { engines: readonly Engine[]; status: Status }) {
  const { max_replicas: most, min_replicas: least } = status.capacity;
  const vacant = Math.max(0, Math.min(most, MOST) - engines.length);
  return (
    <>
      <ul class="stalls" aria-label="Engines, one stall each">
        {engines.slice(0, MOST).map((engine) => (
          <li key={engine.container_id}>
            <Stall engine={engine} />
          </li>
        ))}
        {Array.from({ length: vacant }, (_, index) => (
          <li key={`vacant ${index}`} aria-hidden="true">
            <span class="stall vacant" />
          </li>
        ))}
      </ul>
      <p class="stalls-key">
        <span class="key-item">
          <span class="stall-swatch used" /> plays
        </span>
        <span class="key-item">
          <span class="stall-swatch free" /> free
        </span>
        <span class="key-item">
          <span class="stall-swatch starting" /> starting
        </span>
        <span class="key-item">
          <span class="stall-swatch unhealthy" /> not answering
        </span>
        <span class="key-end">
          at least {least}, at most {most}
        </span>
      </p>
    </>
  );
}

function Stall({ engine }: { engine: Engine }) {
  const { container_id, container_name, health_status, streams } = engine;
  const state = stateOf(engine);
  const plays = streams.length > 0 ? `, ${plural(streams.length, 'stream')}` : '';
  const label = `${container_name}: ${health_status === 'unknown' ? 'starting' : health_status}${plays}`;
  return (
    <a class={`stall ${state}`} href={engineHref(container_id)} title={label} aria-label={label}>
      {streams.length > 0 ? streams.length : ''}
    </a>
  );
}

function stateOf({ health_status, streams }: Engine): string {
  if (health_status === 'unhealthy') return 'unhealthy';
  if (streams.length > 0) return 'used';
  return health_status === 'unknown' ? 'starting' : 'free';
}
