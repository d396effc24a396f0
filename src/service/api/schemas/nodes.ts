import { Type } from 'typebox';
import { Bytes, Count, Nullable, oneOf, Time } from './common.ts';

/** A node of a Docker Swarm. */
export const NodeSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String({ description: 'Host name, which need not be unique' }),
    address: Type.String({ description: 'Address at which its engines are reached' }),
    role: oneOf(['manager', 'worker']),
    leader: Type.Boolean({ description: 'Whether it leads the managers of the Swarm' }),
    state: Type.String({
      description:
        '`ready`, `down`, `unknown` or `disconnected` as the managers see it; `lost` if neither its agent nor any of its engines responds, although the managers have not noticed that yet',
    }),
    state_since: Time,
    availability: Type.String({ description: '`active`, `pause` or `drain`' }),
    labels: Type.Record(Type.String(), Type.String()),
    cpus: Nullable(Type.Number({ description: 'Cores' })),
    memory: Nullable(Bytes()),
    docker_version: Nullable(Type.String()),
    agent: oneOf(['connected', 'unreachable', 'missing', 'not_configured'], {
      description:
        'Whether its agent responds; `missing` if none has ever responded, `not_configured` without SWARM_AGENTS',
    }),
    agent_since: Nullable(Time),
    agent_version: Nullable(Type.String()),
    load_average: Nullable(
      Type.Number({ description: 'Mean number of processes that ran or waited to run, over a minute' }),
    ),
    memory_available: Nullable(Bytes()),
    engines: Type.Array(Type.String(), { description: 'Ids of the engines that run on it' }),
    streams: Count('Number of streams that play on these engines'),
  },
  { title: 'Node' },
);

/** `GET /nodes`. */
export const NodeListSchema = Type.Array(NodeSchema);
