import { Type } from 'typebox';
import type { EngineRegistry } from '../../engines/registry.ts';
import type { History } from '../../history/history.ts';
import type { Api } from '../context.ts';
import { problems } from '../schemas/common.ts';

const HealthSchema = Type.Object({
  status: Type.Union([Type.Literal('healthy'), Type.Literal('unavailable')]),
  runtime: Type.Object({ name: Type.String(), available: Type.Boolean() }),
  engines: Type.Integer({ minimum: 0 }),
  history: Type.Object(
    { store: Type.Union([Type.Literal('file'), Type.Literal('memory'), Type.Literal('away')]) },
    { description: 'Where the event log is kept; trouble with it does not make the service unhealthy' },
  ),
  uptime_seconds: Type.Number({ minimum: 0 }),
});

/** Probes for whatever supervises the service, and what it is. */
export function probeRoutes(
  api: Api,
  parts: {
    registry: EngineRegistry;
    history: History;
    runtimeName: string;
    version: string;
    startedMs: number;
  },
): void {
  const { registry, history, runtimeName, version, startedMs } = parts;
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
        history: { store: history.keeping?.store ?? 'away' },
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
