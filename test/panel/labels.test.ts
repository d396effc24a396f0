import { expect, test } from 'vitest';
import { parseLabels } from '../../src/panel/lib/labels.ts';

test('parses one label per line', () => {
  expect(parseLabels(' a=1 \n\nb\n c = x=y ')).toEqual({ labels: { a: '1', b: '', c: 'x=y' }, error: null });
});

test.each(['<b>=1', '=1'])('rejects the name in %s', (text) => {
  expect(parseLabels(text).error).toBe(`“${text.slice(0, -2)}” is not a valid label name`);
});
