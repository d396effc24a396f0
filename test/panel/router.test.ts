import { expect, test } from 'vitest';
import { engineHref, parseRoute } from '../../src/panel/lib/router.ts';

test.each([
  ['', { page: 'overview' }],
  ['#/', { page: 'overview' }],
  ['#/engines', { page: 'engines' }],
  ['#/engines/', { page: 'engines' }],
  [engineHref('a/b%'), { page: 'engine', id: 'a/b%' }],
  ['#/engines/%zz', { page: 'engine', id: '%zz' }],
  ['#/cache', { page: 'cache' }],
  ['#/settings', { page: 'settings' }],
  ['#/<script>', { page: 'overview' }],
])('the fragment %s is parsed as %o', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});
