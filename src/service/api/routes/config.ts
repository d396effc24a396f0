import type { SettingState } from '../../config/settings-store.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { ConfigChangeSchema, ConfigSchema } from '../schemas/config.ts';
import { KEY_CODES, KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';

/** `/config`: the settings of the service. All of it needs the key. */
export function configRoutes(
  api: Api,
  { settings, checkKey }: Pick<RouteDependencies, 'settings' | 'checkKey'>,
): void {
  const common = { tags: ['orchestrator'], security: KEY_SECURITY };
  const list = () => ({ settings: settings.list().map(toWireSetting) });
  api.addHook('onRequest', checkKey);

  api.get(
    '/',
    {
      schema: {
        ...common,
        summary: 'List all settings with their values and sources',
        description: 'Secrets are masked.',
        response: { 200: ConfigSchema, ...problems('invalid_request', ...KEY_CODES) },
      },
    },
    async () => list(),
  );

  api.patch(
    '/',
    {
      schema: {
        ...common,
        summary: 'Change settings without a restart',
        description:
          'Changes all or none. They take precedence over the environment, and are stored in DATA_DIR. Only this orchestrator is changed.',
        body: ConfigChangeSchema,
        response: {
          200: ConfigSchema,
          ...problems(...WRITE_CODES, 'invalid_config', 'settings_not_stored'),
        },
      },
    },
    async ({ body }) => {
      const changes = Object.entries(body.settings).map(
        ([name, value]) => [name, value === null ? null : String(value)] as const,
      );
      await settings.change(Object.fromEntries(changes));
      return list();
    },
  );
}

function toWireSetting({ isLive, isSecret, ...state }: SettingState) {
  return { ...state, changeable: isLive, secret: isSecret };
}
