import { InstallSchema } from '../../browser/apps/manifest-schema.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { AppDetailsSchema, AppParams, AppsSchema, UninstalledSchema } from '../schemas/apps.ts';
import { KEY_CODES, KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';
import { toWireAppDetails } from '../views/apps.ts';

/** Apps contain files. */
const BODY_LIMIT = 32 * 1024 * 1024;

/** `/apps`: installs, lists and uninstalls browser apps. All of it needs the key: manifests contain URLs. */
export function appRoutes(
  api: Api,
  {
    browserApps,
    appAnswers,
    cachedReply,
    checkKey,
  }: Pick<RouteDependencies, 'browserApps' | 'appAnswers' | 'cachedReply' | 'checkKey'>,
): void {
  const common = { tags: ['apps'], security: KEY_SECURITY };
  const assertAvailable = async () => browserApps.assertAvailable();
  api.addHook('onRequest', checkKey);

  api.get(
    '/',
    {
      onRequest: assertAvailable,
      schema: {
        ...common,
        summary: 'List the installed apps, ordered by workspace and id',
        description:
          'Installed apps survive a restart of the service. Manifests are in `GET /apps/{workspace}/{app}`.',
        response: { 200: AppsSchema, ...problems(...KEY_CODES, 'browser_unavailable', 'timeout') },
      },
    },
    (request, reply) => cachedReply(request, reply, appAnswers.apps),
  );

  api.post(
    '/',
    {
      onRequest: assertAvailable,
      bodyLimit: BODY_LIMIT,
      // The app's own check lists all faults, Fastify's only the first.
      validatorCompiler: () => (value) => ({ value }),
      schema: {
        ...common,
        summary: 'Install an app',
        description:
          'A `web-app` opens an external page; all others have their code in `source` or `files`. All faults of the manifest are listed in `detail`.',
        body: InstallSchema,
        response: {
          201: AppDetailsSchema,
          ...problems(
            ...WRITE_CODES,
            'invalid_manifest',
            'app_exists',
            'app_not_stored',
            'browser_unavailable',
          ),
        },
      },
    },
    async ({ body }, reply) => {
      const app = await browserApps.install(body);
      return reply
        .code(201)
        .type('application/json; charset=utf-8')
        .send(toWireAppDetails(app, 0, { warmUp: browserApps.warmUpOf(app) }));
    },
  );

  api.get(
    '/:workspace/:app',
    {
      onRequest: assertAvailable,
      schema: {
        ...common,
        summary: 'Get an installed app and its manifest',
        description:
          'With the number of its sessions, and the state of the start that fills its cache after the installation.',
        params: AppParams,
        response: {
          200: AppDetailsSchema,
          ...problems('invalid_request', ...KEY_CODES, 'app_not_found', 'browser_unavailable', 'timeout'),
        },
      },
    },
    (request, reply) => {
      const { workspace, app: appId } = request.params;
      browserApps.apps.require({ workspace, appId });
      return cachedReply(request, reply, appAnswers.app({ workspace, appId }));
    },
  );

  api.delete(
    '/:workspace/:app',
    {
      schema: {
        ...common,
        summary: 'Uninstall an app: end its sessions and clear its cache',
        description: 'Resolves when its sessions have ended and its cache is empty. Profiles stay.',
        params: AppParams,
        response: {
          200: UninstalledSchema,
          ...problems(
            ...WRITE_CODES,
            'app_not_found',
            'app_not_stored',
            'app_cache_unavailable',
            'cluster_unavailable',
          ),
        },
      },
    },
    async ({ params: { workspace, app: appId } }) => {
      const { deletedEntries, stoppedSessions, pending } = await browserApps.uninstall({ workspace, appId });
      return {
        deleted_entries: deletedEntries,
        stopped_sessions: stoppedSessions,
        pending_orchestrators: pending,
      };
    },
  );
}
