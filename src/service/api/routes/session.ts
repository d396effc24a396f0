import type { FastifyReply, FastifyRequest } from 'fastify';
import { RoundhouseError } from '../../errors.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { assertSameOrigin, tokenOf } from '../plugins/auth.ts';
import { problems } from '../schemas/problem.ts';
import { LoginSchema, SessionStateSchema } from '../schemas/session.ts';

/** Until the browser is closed, but not longer. */
const LIFETIME_S = 24 * 3600;
const REMEMBERED_S = 30 * 24 * 3600;

/** `/session`: the login of the panel. */
export function sessionRoutes(
  api: Api,
  {
    checkKey,
    isKey,
    loginAttempts,
    tokens,
    limits,
  }: Pick<RouteDependencies, 'checkKey' | 'isKey' | 'loginAttempts' | 'tokens' | 'limits'>,
): void {
  const state = (loggedIn: boolean) => ({ logged_in: loggedIn, reads_need_key: limits.authReads });
  const path = `${limits.basePath}/`;
  const setCookie = (request: FastifyRequest, reply: FastifyReply, value: string, maxAgeS: number | null) => {
    const isSecure = request.headers['x-forwarded-proto'] === 'https';
    const parts = [`${tokens.cookieName}=${value}`, `Path=${path}`, 'HttpOnly', 'SameSite=Strict'];
    if (maxAgeS !== null) parts.push(`Max-Age=${maxAgeS}`);
    if (isSecure) parts.push('Secure');
    reply.headers({ 'Set-Cookie': parts.join('; '), 'Cache-Control': 'no-store' });
  };

  api.get(
    '/',
    {
      schema: {
        tags: ['access'],
        summary: 'Whether the browser is logged in',
        description: 'Needs no key, also with `AUTH_READS`.',
        response: { 200: SessionStateSchema },
      },
    },
    async (request, reply) => {
      reply.header('Cache-Control', 'no-store');
      const isAccepted = await checkKey(request).then(
        () => true,
        () => false,
      );
      return state(isAccepted);
    },
  );

  api.post(
    '/',
    {
      schema: {
        tags: ['access'],
        summary: 'Log in with the API key',
        description:
          'Sets a cookie (`HttpOnly`, `SameSite=Strict`) that takes the place of the key. Writes with the cookie also need the header `X-Roundhouse-Panel: 1`. After ten wrong keys from one address, another attempt is possible every 6 s; `Retry-After` says when. Requests with the key itself are not limited.',
        body: LoginSchema,
        response: {
          200: SessionStateSchema,
          ...problems(
            'invalid_request',
            'invalid_json',
            'wrong_key',
            'too_many_attempts',
            'body_too_large',
            'unsupported_media_type',
          ),
        },
      },
    },
    async (request, reply) => {
      const { key, remember = false } = request.body;
      const waitS = loginAttempts.waitS(request.ip);
      if (waitS > 0) {
        reply.header('Retry-After', String(waitS));
        throw new RoundhouseError('too_many_attempts', `Too many wrong keys: try again in ${waitS} s`);
      }
      if (!isKey(key)) {
        loginAttempts.fail(request.ip);
        throw new RoundhouseError('wrong_key', 'The API key is not valid');
      }
      const lifetimeS = remember ? REMEMBERED_S : LIFETIME_S;
      setCookie(request, reply, tokens.issue(lifetimeS), remember ? REMEMBERED_S : null);
      return state(true);
    },
  );

  api.delete(
    '/',
    {
      schema: {
        tags: ['access'],
        summary: 'Log out',
        description: 'The cookie becomes invalid, also where it was copied to.',
        response: { 200: SessionStateSchema, ...problems('cross_site_request') },
      },
    },
    async (request, reply) => {
      const token = tokenOf(request, tokens);
      if (token !== null) {
        assertSameOrigin(request);
        await tokens.revoke(token);
      }
      setCookie(request, reply, '', 0);
      return state(false);
    },
  );
}
