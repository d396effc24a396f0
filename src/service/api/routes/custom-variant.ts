import { defaultVariant, PLATFORMS } from '../../engines/custom-variant.ts';
import type { ReprovisionState } from '../../engines/reprovisioner.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import {
  CustomVariantBody,
  CustomVariantSchema,
  PlatformSchema,
  ReprovisionStartedSchema,
  ReprovisionStatusSchema,
} from '../schemas/custom-variant.ts';
import { KEY_CODES, KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';
import { toTime } from '../views/time.ts';

/** `/custom-variant`: settings of engines, and replacing all engines so that they apply. */
export function customVariantRoutes(
  api: Api,
  dependencies: Pick<RouteDependencies, 'customVariants' | 'reprovisioner' | 'checkKey'>,
): void {
  const { customVariants, reprovisioner, checkKey } = dependencies;
  const tags = ['engines'];
  api.get(
    '/config',
    {
      // Parameters may contain access tokens.
      onRequest: checkKey,
      schema: {
        tags,
        summary: 'Settings of engines',
        description: 'They take precedence over ENGINE_VARIANT if `enabled` is true.',
        security: KEY_SECURITY,
        response: { 200: CustomVariantSchema, ...problems(...KEY_CODES, 'invalid_request') },
      },
    },
    async () => customVariants.config,
  );

  api.post(
    '/config',
    {
      onRequest: checkKey,
      schema: {
        tags,
        summary: 'Change the settings of engines',
        description:
          'They apply to engines that are started later. `POST /custom-variant/reprovision` applies them to all.',
        security: KEY_SECURITY,
        body: CustomVariantBody,
        response: {
          200: CustomVariantSchema,
          ...problems(...WRITE_CODES, 'invalid_settings', 'settings_not_stored'),
        },
      },
    },
    async ({ body }) => {
      await customVariants.setConfig(body);
      return customVariants.config;
    },
  );

  api.get(
    '/platform',
    {
      schema: {
        tags,
        summary: 'Platform of this machine',
        description:
          'Engine settings for other platforms can be stored, but their engines may not start on this machine.',
        response: { 200: PlatformSchema },
      },
    },
    async () => ({ platform: defaultVariant().platform, supported_platforms: [...PLATFORMS] }),
  );

  api.post(
    '/reprovision',
    {
      onRequest: checkKey,
      schema: {
        tags,
        summary: 'Replace all engines, so that changed settings apply to them',
        description:
          'Replies at once. Engines are replaced one at a time, idle ones first; those that play when their streams have ended.',
        security: KEY_SECURITY,
        response: {
          200: ReprovisionStartedSchema,
          ...problems(...WRITE_CODES, 'reprovisioning', 'runtime_unavailable'),
        },
      },
    },
    async () => {
      const count = reprovisioner.start();
      return { message: `Replacing ${count} engines`, deleted_count: count };
    },
  );

  api.get(
    '/reprovision/status',
    {
      schema: {
        tags,
        summary: 'Progress of the replacement of all engines',
        description: '`status` is `idle` until the first replacement.',
        response: { 200: ReprovisionStatusSchema },
      },
    },
    async (_request, reply) => {
      reply.header('Cache-Control', 'no-store');
      return toWireState(reprovisioner.state);
    },
  );
}

function toWireState(state: ReprovisionState) {
  return {
    in_progress: state.status === 'in_progress',
    status: state.status,
    message: state.message,
    timestamp: toTime(state.changedAt),
    total_engines: state.total,
    engines_stopped: state.stopped,
    engines_provisioned: state.provisioned,
    current_engine_id: state.currentEngineId,
    current_phase: state.phase,
  };
}
