import { expect, test } from 'vitest';
import { SubjectNames } from '../../../src/service/event-log/subject-names.ts';

test('an engine keeps its name after it has stopped, and as many of these as the latest thousand', () => {
  const running = new Map([['a', 'engine-a']]);
  const names = new SubjectNames();
  expect(names.engine('a')).toBeUndefined();
  names.connect({ engine: (id) => running.get(id), stream: (id) => (id === 's' ? 'Channel' : null) });
  expect(names.engine('a')).toBe('engine-a');
  running.delete('a');
  expect(names.engine('a')).toBe('engine-a');
  for (let index = 0; index < 1000; index += 1) {
    running.set(`${index}`, `engine-${index}`);
    names.engine(`${index}`);
  }
  expect(names.engine('a')).toBeUndefined();
  expect([names.stream('s'), names.stream('t')]).toEqual(['Channel', undefined]);
});
