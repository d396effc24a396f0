import { RoundhouseError } from '../../errors.ts';
import { type Api, allowNoBody } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { createProvisioningErrorHandler } from '../problem.ts';
import { ProvisionBody, ProvisionedSchema } from '../schemas/engines.ts';
import { KEY_SECURITY, problems, provisioningProblems, WRITE_CODES } from '../schemas/problem.ts';

/** `/provision`: starts engines. */
export function provisionRoutes(
  api: Api,
  dependencies: Pick<RouteDependencies, 'provisioner' | 'checkKey' | 'isReservedLabel' | 'log'>,
): void {
  const { provisioner, checkKey, isReservedLabel, log } = dependencies;
  api.post(
    '/acestream',
    {
      onRequest: checkKey,
      preValidation: allowNoBody,
      errorHandler: createProvisioningErrorHandler(log),
      schema: {
        tags: ['engines'],
        summary: 'Start an engine',
        description: 'Replies once the runtime has accepted the engine, before the engine serves.',
        security: KEY_SECURITY,
        body: ProvisionBody,
        response: {
          200: ProvisionedSchema,
          ...problems(
            ...WRITE_CODES,
            'reserved_label',
            'reserved_variable',
            'port_out_of_range',
            'port_taken',
          ),
          ...provisioningProblems(
            'no_free_port',
            'provisioning_blocked',
            'provisioning_failed',
            'image_missing',
            'engine_exited',
            'runtime_unavailable',
            'timeout',
          ),
        },
      },
    },
    async ({ body }) => {
      const { host_port: hostPort } = body;
      const labels = body.labels ?? {};
      const env = body.env ?? {};
      const reserved = Object.keys(labels).find(isReservedLabel);
      if (reserved !== undefined)
        throw new RoundhouseError('reserved_label', `The label ${reserved} is reserved for Roundhouse`);
      const engine = await provisioner.provision({
        labels,
        env,
        ...(hostPort == null ? {} : { hostPort }),
        settle: true,
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
}
