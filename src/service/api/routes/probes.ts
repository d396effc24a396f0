import { Type } from 'typebox';
import type { EngineRegistry } from '../../engines/registry.ts';
import type { EventLog } from '../../event-log/event-log.ts';
import type { Api } from '../context.ts';
import { Nullable, problems } from '../schemas/common.ts';

const HealthSchema = Type.Object({
  status: Type.Union([Type.Literal('healthy'), Type.Literal('unavailable')]),
  runtime: Type.Object({ name: Type.String(), available: Type.Boolean() }),
  engines: Type.Integer({ minimum: 0 }),
  history: Type.Object(
    { store: Type.Union([Type.Literal('file'), Type.Literal('memory'), Type.Literal('away')]) },
    { description: 'Where the event log is kept; trouble with it does not make the service unhealthy' },
  ),
  cluster: Nullable(
    Type.Object(
      {
        redis: Type.Union([Type.Literal('connected'), Type.Literal('away')]),
        leading: Type.Boolean({ description: 'Whether this orchestrator is the one that acts' }),
      },
      { description: 'Null where engines are shared with no other orchestrator' },
    ),
  ),
  uptime_seconds: Type.Number({ minimum: 0 }),
});

/** How this orchestrator stands to the others over the same engines. */
export interface ClusterState {
  redis: 'connected' | 'away';
  leading: boolean;
}

/** Probes for whatever supervises the service, and what it is. */
export function probeRoutes(
  api: Api,
  parts: {
    registry: EngineRegistry;
    eventLog: EventLog;
    /** Null where there are no others. */
    cluster: () => ClusterState | null;
    runtimeName: string;
    version: string;
    startedMs: number;
  },
): void {
  const { registry, eventLog, cluster, runtimeName, version, startedMs } = parts;
  api.get(
    '/livez',
    {
      schema: {
        tags: ['probes'],
        summary: 'Whether the process serves',
        response: { 200: Type.Object({ status: Type.Literal('alive') }) },
      },
    },
    async () => ({ status: 'alive' as const }),
  );
  api.get(
    '/readyz',
    {
      schema: {
        tags: ['probes'],
        summary: 'Whether answers can be trusted: the runtime is there and its engines are known',
        response: { 200: Type.Object({ status: Type.Literal('ready') }), ...problems('runtime_unavailable') },
      },
    },
    async () => {
      registry.assertAvailable();
      return { status: 'ready' as const };
    },
  );
  api.get(
    '/health',
    {
      schema: {
        tags: ['probes'],
        summary: 'Health in detail; 503 while the runtime does not answer',
        response: { 200: HealthSchema, 503: HealthSchema },
      },
    },
    async (_request, reply) => {
      const available = registry.available;
      return reply.code(available ? 200 : 503).send({
        status: available ? 'healthy' : 'unavailable',
        runtime: { name: runtimeName, available },
        engines: registry.size,
        history: { store: eventLog.storage?.store ?? 'away' },
        cluster: cluster(),
        uptime_seconds: Math.round(performance.now() - startedMs) / 1000,
      });
    },
  );
  api.get(
    '/version',
    {
      schema: {
        tags: ['probes'],
        summary: 'What is running',
        response: { 200: Type.Object({ name: Type.String(), version: Type.String(), node: Type.String() }) },
      },
    },
    async () => ({ name: 'roundhouse', version, node: process.version }),
  );
}
