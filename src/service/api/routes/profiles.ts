import type { ProfileKey } from '../../browser/profiles.ts';
import { replaceUnmodified } from '../conditional.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { KEY_CODES, KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';
import {
  ForkBody,
  ProfileDeletedSchema,
  ProfileParams,
  ProfileSchema,
  ProfilesSchema,
  RollbackBody,
  RolledBackSchema,
} from '../schemas/profiles.ts';
import { toWireProfile } from '../views/profiles.ts';

/** `/profiles`: the browser profiles that sessions of apps save. All of it needs the key. */
export function profileRoutes(
  api: Api,
  {
    browserApps: { profiles },
    appAnswers,
    cachedReply,
    checkKey,
  }: Pick<RouteDependencies, 'browserApps' | 'appAnswers' | 'cachedReply' | 'checkKey'>,
): void {
  const common = { tags: ['apps'], security: KEY_SECURITY };
  const one = { ...common, params: ProfileParams };
  const writes = [...WRITE_CODES, 'profile_not_found', 'profile_unavailable'] as const;
  api.addHook('onRequest', checkKey);
  const read = async (key: ProfileKey) => toWireProfile(key, await profiles.versions(key));

  api.get(
    '/',
    {
      schema: {
        ...common,
        summary: 'List the browser profiles',
        description: 'Profiles of all workspaces that have been saved at least once.',
        response: { 200: ProfilesSchema, ...problems(...KEY_CODES, 'profile_unavailable', 'timeout') },
      },
    },
    (request, reply) => cachedReply(request, reply, appAnswers.profiles),
  );

  api.get(
    '/:user/:session',
    {
      onSend: replaceUnmodified,
      schema: {
        ...one,
        summary: 'Get a profile and its versions',
        description: 'Each session that ends saves a version.',
        response: {
          200: ProfileSchema,
          ...problems('invalid_request', ...KEY_CODES, 'profile_not_found', 'profile_unavailable'),
        },
      },
    },
    async ({ params }) => await read(params),
  );

  api.delete(
    '/:user/:session',
    {
      schema: {
        ...one,
        summary: 'Delete a profile with all its versions',
        description: 'A session that uses it can no longer save it.',
        response: { 200: ProfileDeletedSchema, ...problems(...writes) },
      },
    },
    async ({ params }) => {
      await profiles.delete(params);
      return { deleted: params.session };
    },
  );

  api.post(
    '/:user/:session/rollback',
    {
      schema: {
        ...one,
        summary: 'Make the content of an earlier version the newest',
        description: 'A session that uses the profile can no longer save it.',
        body: RollbackBody,
        response: { 200: RolledBackSchema, ...problems(...writes, 'profile_in_use') },
      },
    },
    async ({ params, body: { version } }) => ({ version: await profiles.rollback(params, version) }),
  );

  api.post(
    '/:user/:session/fork',
    {
      schema: {
        ...one,
        summary: 'Copy a version to a new profile',
        description: 'The copy belongs to the same workspace and begins with its own version 1.',
        body: ForkBody,
        response: { 200: ProfileSchema, ...problems(...writes, 'profile_exists', 'profile_in_use') },
      },
    },
    async ({ params, body: { session, version } }) => {
      await profiles.fork(params, session, version);
      return await read({ user: params.user, session });
    },
  );
}
