import { expect, test } from 'vitest';
import { decodeSession, isLive } from '../../../../src/service/browser/cluster/session-summary.ts';

const SESSION = {
  ...{
    id: 'a',
    owner: 'b',
    revision: 1,
    workspace: 'w',
    appId: 'x',
    name: 'X',
    type: 'window',
    status: 'running',
  },
  ...{
    reason: null,
    code: null,
    mode: 'record',
    profile: null,
    isWarmUp: false,
    canExecute: true,
    restartOf: null,
  },
  ...{ createdAt: 1, readyAt: 2, endedAt: null, startMs: 1, requests: 0, hits: 0, bytesFromUpstream: 0 },
  memoryBytes: null,
};

test('a session of another orchestrator is decoded', () => {
  expect(decodeSession(JSON.stringify(SESSION))).toEqual(SESSION);
});

test.for([
  ['no JSON', '{'],
  ['null', 'null'],
  ['a text in place of a time', JSON.stringify({ ...SESSION, createdAt: '1' })],
  ['a time without a date', JSON.stringify({ ...SESSION, endedAt: 1e300 })],
  ['an unknown status', JSON.stringify({ ...SESSION, status: 'x' })],
  ['an unknown mode', JSON.stringify({ ...SESSION, mode: 'x' })],
  ['a negative count', JSON.stringify({ ...SESSION, hits: -1 })],
  ['no owner', JSON.stringify({ ...SESSION, owner: undefined })],
  ['an object as reason', JSON.stringify({ ...SESSION, reason: {} })],
] as const)('a value with %s is not a session', ([, text]) => {
  expect(decodeSession(text)).toBeUndefined();
});

test('a session is live until it has ended', () => {
  const statuses = ['starting', 'running', 'stopping', 'completed', 'failed', 'stopped'] as const;
  expect(statuses.filter((status) => isLive({ status }))).toEqual(['starting', 'running', 'stopping']);
});
