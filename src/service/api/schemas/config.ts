import { Type } from 'typebox';
import { SETTING_SOURCES } from '../../config/settings-store.ts';
import { Nullable, oneOf } from './common.ts';

/** Body of `GET /config`. */
export const ConfigSchema = Type.Object(
  {
    settings: Type.Array(
      Type.Object(
        {
          name: Type.String({ description: 'The environment variable' }),
          value: Type.String({ description: 'As text; secrets are masked' }),
          source: oneOf([...SETTING_SOURCES], {
            description: 'Where the value comes from; `file` is `.env`',
          }),
          replaced: Nullable(Type.String({ description: 'The value that an override replaces' })),
          default: Type.String(),
          unit: Type.String(),
          description: Type.String(),
          changeable: Type.Boolean({ description: 'Whether it can be changed without a restart' }),
          secret: Type.Boolean(),
        },
        { title: 'Setting' },
      ),
    ),
  },
  { title: 'Config' },
);

/** Body of `PATCH /config`. */
export const ConfigChangeSchema = Type.Object(
  {
    settings: Type.Record(
      Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,63}$' }),
      Type.Union([Type.String({ maxLength: 4096 }), Type.Number(), Type.Boolean(), Type.Null()]),
      {
        minProperties: 1,
        description: 'New values by environment variable; null returns to the value without the override',
      },
    ),
  },
  { additionalProperties: false, examples: [{ settings: { MIN_FREE_REPLICAS: 2, NOTIFY_QUIET_S: null } }] },
);
