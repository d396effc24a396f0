import { expect, test } from 'vitest';
import { figure, parseExposition } from './exposition.ts';

const HISTOGRAM = `# HELP h_seconds How long.
# TYPE h_seconds histogram
h_seconds_bucket{le="1",call="a"} 1
h_seconds_bucket{le="+Inf",call="a"} 3
h_seconds_sum{call="a"} 4.5
h_seconds_count{call="a"} 3
`;

test('parses families, labels and values', () => {
  const families = parseExposition(`# HELP g What.
# TYPE g gauge
g{a="x\\"y,z",b=""} -1.5

# HELP n_total How often.
# TYPE n_total counter
n_total 2
${HISTOGRAM}`);
  expect([...families.keys()]).toEqual(['g', 'n_total', 'h_seconds']);
  expect(families.get('g')).toEqual({
    type: 'gauge',
    help: 'What.',
    samples: [{ name: 'g', labels: { a: 'x\\"y,z', b: '' }, value: -1.5 }],
  });
  expect(figure(families, 'n_total')).toBe(2);
  expect(figure(families, 'h_seconds_count', { call: 'a' })).toBe(3);
  expect(() => figure(families, 'n_total', { a: 'x' })).toThrow('no series n_total{a="x"}');
});

test.each([
  ['no line feed at the end', 'g 1'],
  ['a sample without a family', 'g 1\n'],
  ['a sample of another family', '# HELP g G.\n# TYPE g gauge\nh 1\n'],
  ['a duplicate series', '# HELP g G.\n# TYPE g gauge\ng{a="1"} 1\ng{a="1"} 2\n'],
  ['a duplicate family', '# HELP g G.\n# TYPE g gauge\n# HELP g G.\n# TYPE g gauge\n'],
  ['an unknown type', '# HELP g G.\n# TYPE g info\n'],
  ['a value that is not a number', '# HELP g G.\n# TYPE g gauge\ng undefined\n'],
  ['an unquoted label', '# HELP g G.\n# TYPE g gauge\ng{a=1} 1\n'],
  ['a duplicate label', '# HELP g G.\n# TYPE g gauge\ng{a="1",a="2"} 1\n'],
  ['a negative counter', '# HELP n_total N.\n# TYPE n_total counter\nn_total -1\n'],
  ['a counter without _total', '# HELP n N.\n# TYPE n counter\nn 1\n'],
  ['decreasing buckets', HISTOGRAM.replace('"} 1\n', '"} 4\n')],
  [
    'a count that differs from the last bucket',
    HISTOGRAM.replace('_count{call="a"} 3', '_count{call="a"} 4'),
  ],
])('refuses %s', (_what, text) => {
  expect(() => parseExposition(text)).toThrow();
});
