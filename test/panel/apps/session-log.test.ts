import { expect, test } from 'vitest';
import { ofLevel, parseLog } from '../../../src/panel/lib/apps/session-log.ts';

const LOG = `2026-01-31T12:00:00.000Z [log] first
2026-01-31T12:00:01.000Z [exception] Error: broken
    at a.js:1
    at b.js:2
2026-01-31T12:00:02.000Z [warning] careful
2026-01-31T12:00:03.000Z [debug] details [log] of something
`;

test('a log is split into entries, and lines of a stack trace belong to their entry', () => {
  expect(parseLog(LOG)).toEqual([
    { time: '2026-01-31T12:00:00.000Z', kind: 'log', text: 'first' },
    {
      time: '2026-01-31T12:00:01.000Z',
      kind: 'exception',
      text: 'Error: broken\n    at a.js:1\n    at b.js:2',
    },
    { time: '2026-01-31T12:00:02.000Z', kind: 'warning', text: 'careful' },
    { time: '2026-01-31T12:00:03.000Z', kind: 'debug', text: 'details [log] of something' },
  ]);
  expect(parseLog('')).toEqual([]);
  expect(parseLog('cut off line\n')).toEqual([{ time: '', kind: 'log', text: 'cut off line' }]);
});

test('a level includes the more severe ones', () => {
  const kinds = (level: 'error' | 'warning' | 'info' | 'debug') =>
    ofLevel(parseLog(LOG), level).map(({ kind }) => kind);
  expect(kinds('error')).toEqual(['exception']);
  expect(kinds('warning')).toEqual(['exception', 'warning']);
  expect(kinds('info')).toEqual(['log', 'exception', 'warning']);
  expect(kinds('debug')).toEqual(['log', 'exception', 'warning', 'debug']);
});
