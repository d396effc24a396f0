import type { Static } from 'typebox';
import { expectTypeOf, test } from 'vitest';
import type { History } from '../../src/panel/lib/history.ts';
import type * as panel from '../../src/panel/lib/wire.ts';
import type {
  ContainerStatsSchema,
  EngineSchema,
  TotalStatsSchema,
} from '../../src/service/api/schemas/engines.ts';
import type { EventSchema } from '../../src/service/api/schemas/events.ts';
import type { SeriesWindowSchema } from '../../src/service/api/schemas/samples.ts';
import type { StatusSchema, VpnSchema } from '../../src/service/api/schemas/status.ts';
import type { StreamSchema } from '../../src/service/api/schemas/streams.ts';

test('what the panel reads is what the routes promise', () => {
  expectTypeOf<Static<typeof EngineSchema>>().toExtend<panel.Engine>();
  expectTypeOf<Static<typeof ContainerStatsSchema>>().toExtend<panel.EngineStats>();
  expectTypeOf<Static<typeof TotalStatsSchema>>().toExtend<panel.TotalStats>();
  expectTypeOf<Static<typeof StatusSchema>>().toExtend<panel.Status>();
  expectTypeOf<Static<typeof VpnSchema>>().toExtend<panel.Vpn>();
  expectTypeOf<Static<typeof StreamSchema>>().toExtend<panel.Stream>();
  expectTypeOf<Static<typeof EventSchema>>().toExtend<panel.EventRecord>();
  expectTypeOf<Static<typeof SeriesWindowSchema>>().toExtend<History>();
});
