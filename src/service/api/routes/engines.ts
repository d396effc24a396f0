import { Type } from 'typebox';
import type { Provisioner } from '../../engines/provisioner.ts';
import type { EngineRegistry } from '../../engines/registry.ts';
import { RoundhouseError } from '../../errors.ts';
import { type Api, allowNoBody } from '../context.ts';
import type { KeyCheck } from '../plugins/auth.ts';
import type { ErrorHandler } from '../problem.ts';
import { EngineId, KEY_SECURITY, problems, WRITE_CODES } from '../schemas/common.ts';
import { EngineSchema, ProvisionBody, ProvisionedSchema } from '../schemas/engines.ts';
import { StreamSchema } from '../schemas/streams.ts';
import type { EngineViews } from '../views.ts';

/** Label names that no caller may set: they would forge what Roundhouse knows its engines by. */
export type IsReservedLabel = (name: string) => boolean;

export interface EngineRoutesParts {
  registry: EngineRegistry;
  provisioner: Provisioner;
  views: EngineViews;
  checkKey: KeyCheck;
  isReservedLabel: IsReservedLabel;
  handleProvisioningError: ErrorHandler;
}

export function engineRoutes(
  api: Api,
  { registry, provisioner, views, checkKey, isReservedLabel, handleProvisioningError }: EngineRoutesParts,
) {
  api.get(
    '/engines/:id',
    {
      schema: {
        tags: ['engines'],
        summary: 'One engine and its streams',
        params: EngineId,
        response: {
          200: Type.Object({ engine: EngineSchema, streams: Type.Array(StreamSchema) }),
          ...problems('invalid_request', 'engine_not_found', 'runtime_unavailable'),
        },
      },
    },
    async ({ params }) => views.describe(registry.require(params.id)),
  );

  api.post(
    '/provision/acestream',
    {
      onRequest: checkKey,
      preValidation: allowNoBody,
      errorHandler: handleProvisioningError,
      schema: {
        tags: ['engines'],
        summary: 'Start an engine; answers once it is accepted as starting',
        security: KEY_SECURITY,
        body: ProvisionBody,
        response: {
          200: ProvisionedSchema,
          ...problems(
            ...WRITE_CODES,
            'reserved_label',
            'port_out_of_range',
            'port_taken',
            'no_free_port',
            'provisioning_blocked',
            'provisioning_failed',
            'image_missing',
            'runtime_unavailable',
            'timeout',
          ),
        },
      },
    },
    async ({ body }) => {
      const { labels = {}, env = {}, host_port: hostPort } = body;
      const reserved = Object.keys(labels).find(isReservedLabel);
      if (reserved !== undefined) {
        throw new RoundhouseError('reserved_label', `The label ${reserved} is one that Roundhouse sets`);
      }
      const engine = await provisioner.provision({
        labels,
        env,
        ...(hostPort === undefined ? {} : { hostPort }),
      });
      return {
        container_id: engine.id,
        container_name: engine.name,
        host_http_port: engine.ports.hostHttp,
        container_http_port: engine.ports.containerHttp,
        container_https_port: engine.ports.containerHttps,
      };
    },
  );

  for (const url of ['/engines/:id', '/containers/:id']) {
    api.delete(
      url,
      {
        onRequest: checkKey,
        schema: {
          tags: ['engines'],
          summary: 'Stop and remove an engine; nothing but a managed engine is ever touched',
          security: KEY_SECURITY,
          params: EngineId,
          response: {
            200: Type.Object({ deleted: Type.String() }),
            ...problems(...WRITE_CODES, 'engine_not_found', 'runtime_unavailable'),
          },
        },
      },
      async ({ params }) => {
        await provisioner.remove(params.id);
        return { deleted: params.id };
      },
    );
  }
}
