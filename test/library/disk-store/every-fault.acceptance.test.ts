import { test } from 'vitest';
import { tryEveryFault } from './every-fault.ts';

test('wherever an operation of the disk reports EIO after its effect, nothing wrong is read, and the store heals', () =>
  tryEveryFault('fails late'));

test('wherever an operation of the disk hangs, each call ends, and nothing wrong is read', () =>
  tryEveryFault('hangs'));
