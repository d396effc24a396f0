import { Type } from 'typebox';
import { Nullable, oneOf, Time } from './common.ts';

/** `GET /containers/{id}`. */
export const ContainerSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    image: Nullable(Type.String({ description: 'Null for a local process' })),
    created: Time,
    status: oneOf(['created', 'running', 'paused']),
    labels: Type.Record(Type.String(), Type.String()),
    ports: Type.Record(
      Type.String(),
      Type.Array(Type.Object({ HostIp: Type.String(), HostPort: Type.String() })),
      { description: 'Where clients reach the ports of the container, such as `6878/tcp`' },
    ),
  },
  { title: 'Container' },
);

/** `GET /by-label`. */
export const ContainersSchema = Type.Array(ContainerSchema);

/** Query of `GET /by-label`. Unknown parameters are refused. */
export const LabelQuery = Type.Object(
  {
    key: Type.String({ minLength: 1, maxLength: 256, description: 'Name of a label' }),
    value: Type.String({ maxLength: 4096, description: 'Its value' }),
  },
  { additionalProperties: false },
);
