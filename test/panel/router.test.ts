import { expect, test } from 'vitest';
import { appHref, engineHref, parseRoute, profileHref, sessionHref } from '../../src/panel/lib/router.ts';

test.each([
  ['', { page: 'overview' }],
  ['#/', { page: 'overview' }],
  ['#/engines', { page: 'engines' }],
  ['#/engines/', { page: 'engines' }],
  [engineHref('a/b%'), { page: 'engine', id: 'a/b%' }],
  ['#/engines/%zz', { page: 'engine', id: '%zz' }],
  ['#/cache', { page: 'cache' }],
  ['#/settings', { page: 'settings' }],
  ['#/apps', { page: 'apps' }],
  ['#/apps/w', { page: 'apps' }],
  [appHref({ workspace: 'a/b', app_id: 'ü c' }), { page: 'app', workspace: 'a/b', app: 'ü c' }],
  [sessionHref('a1'), { page: 'session', id: 'a1' }],
  ['#/sessions', { page: 'overview' }],
  ['#/profiles', { page: 'profiles' }],
  [profileHref({ user: '@a', session: 'b.c' }), { page: 'profile', user: '@a', session: 'b.c' }],
  ['#/<script>', { page: 'overview' }],
])('the fragment %s is parsed as %o', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});
