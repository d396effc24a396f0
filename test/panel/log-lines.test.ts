import { expect, test } from 'vitest';
import { filterLog } from '../../src/panel/lib/log-lines.ts';

const LOG = [
  '12:00 started',
  '12:01 WARN low disk',
  '12:02 Error: no peers',
  '12:03 terrors of war',
  '',
].join('\n');

test.each([
  ['', 'all', 4],
  ['', 'warnings', 2],
  ['', 'errors', 1],
  ['PEERS', 'all', 1],
  ['peers', 'errors', 1],
  ['disk', 'errors', 0],
] as const)('with the text %j and the level %s, %i lines are shown', (text, level, count) => {
  expect(filterLog(LOG, { text, level })).toHaveLength(count);
});
