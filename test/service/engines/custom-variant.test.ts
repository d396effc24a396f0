import { describe, expect, test } from 'vitest';
import {
  type CustomVariant,
  defaultVariant,
  type EngineParameter,
  findProblem,
  toCustomEngine,
} from '../../../src/service/engines/custom-variant.ts';

const parameter = (change: Partial<EngineParameter>): EngineParameter => ({
  name: '--cache-dir',
  type: 'path',
  value: '/tmp',
  enabled: true,
  ...change,
});
const variant = (change: Partial<CustomVariant>): CustomVariant => ({
  ...defaultVariant(),
  enabled: true,
  ...change,
});

test('the defaults are valid, and are not used', () => {
  expect(findProblem(defaultVariant())).toBeNull();
  expect(toCustomEngine(defaultVariant())).toBeNull();
  expect(toCustomEngine(variant({}))?.args).toEqual(['--client-console', '--bind-all']);
});

test('enabled parameters become arguments, with a value unless they are flags', () => {
  const parameters = [
    parameter({ name: '--bind-all', type: 'flag', value: true }),
    parameter({ name: '--live-cache-size', type: 'bytes', value: 1024 }),
    parameter({ name: '--log-debug', type: 'int', value: '1' }),
    parameter({ enabled: false }),
  ];
  const settings = variant({ platform: 'arm64', arm_version: '3.2.14', memory_limit: '512m', parameters });
  expect(toCustomEngine(settings)).toEqual({
    platform: 'arm64',
    armVersion: '3.2.14',
    memoryLimit: 2 ** 29,
    args: ['--bind-all', '--live-cache-size', '1024', '--log-debug', '1'],
  });
});

describe('settings are refused with', () => {
  test.each<[string, Partial<CustomVariant>]>([
    ['a memory limit that is none', { memory_limit: 'much' }],
    ['a memory limit that is too small', { memory_limit: '1m' }],
    ['a parameter twice', { parameters: [parameter({}), parameter({})] }],
    [
      'a port that Roundhouse sets',
      { parameters: [parameter({ name: '--http-port', value: 1, type: 'int' })] },
    ],
    ['a name that is none', { parameters: [parameter({ name: 'cache-dir' })] }],
    ['a name with a value', { parameters: [parameter({ name: '--cache-dir=/x' })] }],
    ['an empty path', { parameters: [parameter({ value: '' })] }],
    ['a space', { parameters: [parameter({ value: 'a b' })] }],
    ['a command of a shell', { parameters: [parameter({ value: '$(reboot)' })] }],
    ['a line feed', { parameters: [parameter({ value: 'a\nb' })] }],
    ['a value like a flag', { parameters: [parameter({ value: '--bind-all' })] }],
    ['a number that is a text', { parameters: [parameter({ type: 'int', value: 'x' })] }],
    ['a fraction', { parameters: [parameter({ type: 'bytes', value: 1.5 })] }],
    ['a number that is true', { parameters: [parameter({ type: 'int', value: true })] }],
  ])('%s', (_, change) => {
    expect(findProblem(variant(change))).toEqual(expect.any(String));
  });
});
