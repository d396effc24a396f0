import { test } from 'vitest';
import { tryEveryFault } from './every-fault.ts';

test('wherever an operation of the disk fails with EIO, nothing wrong is read, and the store heals', () =>
  tryEveryFault('fails'));
