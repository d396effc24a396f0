import { expect, test } from 'vitest';
import { parseParameters, withParameters } from '../../src/panel/lib/address.ts';
import { filterOf, filterParameters, sortingOf, sortParameter } from '../../src/panel/lib/engine-rows.ts';

test('parameters of the page are kept in the fragment of the URL', () => {
  const hash = withParameters('#/engines', { q: 'a b&c=d', health: 'unhealthy', vpn: '' });
  expect(hash).toBe('#/engines?q=a+b%26c%3Dd&health=unhealthy');
  expect(Object.fromEntries(parseParameters(hash))).toEqual({ q: 'a b&c=d', health: 'unhealthy' });
  expect(withParameters(hash, { q: '', health: '' })).toBe('#/engines');
  expect(withParameters('', { q: 'x' })).toBe('#/?q=x');
});

test.each([
  ['port', false, ''],
  ['port', true, '-port'],
  ['cpu', false, 'cpu'],
  ['age', true, '-age'],
] as const)('the order by %s, descending %s, is %j in the URL', (column, descending, parameter) => {
  expect(sortParameter({ column, descending })).toBe(parameter);
  expect(sortingOf(new URLSearchParams({ sort: parameter }))).toEqual({ column, descending });
});

test.each(['-toString', 'constructor', 'cpu desc', '--cpu'])('the unknown order %j is ignored', (sort) => {
  expect(sortingOf(new URLSearchParams({ sort }))).toEqual({ column: 'port', descending: false });
});

test('a filter survives the URL, and an unknown health is ignored', () => {
  const filter = { text: 'a=b', health: 'unhealthy', vpn: '-', node: 'n1' } as const;
  expect(filterOf(new URLSearchParams(filterParameters(filter)))).toEqual(filter);
  expect(filterOf(new URLSearchParams('health=odd')).health).toBe('');
});
